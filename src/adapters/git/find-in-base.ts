// Which of some texts stand in a file of the base. They are secrets: git reads them from its standard input.
import { localFailure } from './failure.js';
import type { ObjectSource } from './read-objects.js';

const OPTIONS = ['--fixed-strings', '--only-matching', '--text', '--no-color', '-h', '-f', '-'];

/** The texts of which the longest line stands there. Throws WORKSPACE_FAILED. */
export async function findInBase(
  { git, mirror }: ObjectSource,
  base: string,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const lines = new Map(texts.map((text) => [text, longestLine(text)]));
  const input = [...new Set(lines.values())].map((line) => `${line}\n`).join('');
  const result = await git({ args: ['grep', ...OPTIONS, base], place: mirror.place, input, signal });
  // 1: found nowhere. What was cut, was found so often that what is missing may count as new.
  if (!result.cut && result.exitCode !== 0 && result.exitCode !== 1)
    throw localFailure('look into the base', result);
  const found = new Set(result.stdout.toString().split('\n'));
  return new Set([...lines].filter(([, line]) => found.has(line)).map(([text]) => text));
}

const longestLine = (text: string): string =>
  text.split('\n').reduce((longest, line) => (line.length > longest.length ? line : longest), '');

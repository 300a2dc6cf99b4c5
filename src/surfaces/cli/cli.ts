// From the words of a command line to an exit code: chooses the verb, runs it, and says in one sentence what failed.
import { AgenticoreError } from '../../domain/errors.js';
import { ADMIN_VERBS, DEAD_VERBS } from './admin-commands.js';
import { AGENT_VERBS } from './agent-commands.js';
import type { ChosenVerb, CliContext } from './cli-context.js';
import { createParser, VERBS } from './commands.js';
import { printable } from './terminal/printable.js';

const BAD_USAGE = 2;
const FAILED = 1;
const WIDEST_HELP = 100;

/** Carries out a command line (without node and script). Gives the exit code; throws only bugs. */
export async function runCli(cli: CliContext, words: readonly string[]): Promise<number> {
  let chosen: ChosenVerb | undefined;
  let complaint: string | undefined;
  let output = '';
  const columns = Math.min(WIDEST_HELP, cli.terminal.columns());
  const parser = createParser(cli.version, columns, (verb) => {
    chosen = verb;
  });
  await parser.parse([...words], {}, (error, _argv, text) => {
    complaint = error?.message;
    output = text;
  });
  if (complaint !== undefined) return complain(cli, words, complaint, output);
  if (chosen === undefined) {
    cli.terminal.print(output);
    return 0;
  }
  try {
    return await chosen(cli);
  } catch (error) {
    return explain(cli, error);
  }
}

function complain(cli: CliContext, words: readonly string[], complaint: string, help: string): number {
  const [verb] = words;
  if (verb === undefined) {
    cli.terminal.say(help);
    return BAD_USAGE;
  }
  const isKnown = VERBS.some((known) => known === verb);
  const unknown = isKnown ? unknownVerbBelow(words) : verb;
  const sentence =
    unknown === undefined
      ? inOurWords(complaint, words)
      : `There is no command "${unknown}". ${nearestVerb(help)}`;
  cli.terminal.say(
    printable(
      `agenticore: ${sentence.trim()} See \`${isKnown ? `agenticore ${verb}` : 'agenticore'} --help\`.`,
    ),
  );
  return BAD_USAGE;
}

/** The verbs below a verb. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  admin: ADMIN_VERBS,
  'admin dead': DEAD_VERBS,
  agent: AGENT_VERBS,
};

/** The words of `admin something`, or `admin dead something`, when there is no such verb. */
function unknownVerbBelow(words: readonly string[]): string | undefined {
  for (const depth of [1, 2]) {
    const above = words.slice(0, depth).join(' ');
    const below = words[depth];
    const known = BELOW[above];
    if (known === undefined || below === undefined || below.startsWith('-')) return undefined;
    if (!known.includes(below)) return `${above} ${below}`;
  }
  return undefined;
}

/** The parser guesses below its help. */
const nearestVerb = (help: string): string => /^Did you mean .*$/m.exec(help)?.[0] ?? '';

/** What the parser complains about, said so that a person knows what to do. */
function inOurWords(complaint: string, words: readonly string[]): string {
  const names = /^Unknown arguments?: (.*)$/m.exec(complaint)?.[1]?.split(', ');
  if (names !== undefined) {
    const option = words.find((word) => names.some((name) => saysOption(word, name)));
    return option === undefined
      ? `"${names[0]}" is one word too many; put a text of several words in quotes.`
      : `"${option}" is no option here; put -- before a text that begins with a dash.`;
  }
  if (/^Not enough non-option arguments/.test(complaint))
    return 'Something is missing: the id or name it is about.';
  const missing = /^Not enough arguments following: (.*)$/m.exec(complaint)?.[1];
  if (missing !== undefined) return `--${missing} needs a value.`;
  const line = complaint.replaceAll(/\s*\n\s*/g, ' ').trim();
  return /[.!?]$/.test(line) ? line : `${line}.`;
}

/** True when a word of the command line sets the option of that name: `--name`, `--name=value`, or among `-xyz`. */
const saysOption = (word: string, name: string): boolean =>
  word.startsWith('--')
    ? word.slice(2).split('=')[0] === name
    : name.length === 1 && /^-[a-z]/i.test(word) && word.includes(name);

/** One sentence on stderr, then one line for each detail that it does not have yet. */
function explain(cli: CliContext, error: unknown): number {
  if (!(error instanceof AgenticoreError)) throw error;
  const paint = cli.terminal.errColours.red;
  cli.terminal.say(`${paint('agenticore:')} ${printable(error.message)}`);
  for (const { path, message } of error.details) {
    if (!error.message.includes(message))
      cli.terminal.say(printable(`  ${[path, message].filter(Boolean).join(' ')}`));
  }
  return isBadUsage(error) ? BAD_USAGE : FAILED;
}

/** What this program refused by itself, before the server was asked. */
function isBadUsage({ code, cause, details }: AgenticoreError): boolean {
  if (code === 'CONFIG_INVALID')
    return details.length > 0 && details.every(({ path }) => path.startsWith('--'));
  return code === 'INVALID_REQUEST' && cause === undefined;
}

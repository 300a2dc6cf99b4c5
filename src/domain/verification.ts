// The commands of a profile around Claude's work: what the ledger keeps of them, and what Claude is told when its work
// does not pass.
import type { CommandRun, CommandsFacts } from './job-event.js';

/** How the commands judged what Claude did last. */
export interface Verification {
  readonly passed: boolean;
  /** The first is 1; each one more follows Claude's mending of what the one before had found. */
  readonly round: number;
  readonly commands: readonly CommandRun[];
}

/** So much of a command and of its output is kept: enough for the failures at the end of a test run. */
const COMMAND_CHARS = 1000;
const OUTPUT_CHARS = 8000;

/** What is kept of commands that ran; the texts must be free of secrets. */
export const commandsFacts = (
  passed: boolean,
  runs: readonly CommandRun[],
  output: string,
): CommandsFacts => ({
  passed,
  commands: runs.map((run) => ({ ...run, command: cutEnd(run.command) })),
  output: lastLines(output),
});

const cutEnd = (text: string): string =>
  text.length > COMMAND_CHARS ? `${text.slice(0, COMMAND_CHARS)}...` : text;

/** The end of a text, from the beginning of a line where there is one. */
function lastLines(text: string): string {
  const trimmed = text.trim();
  if (trimmed.length <= OUTPUT_CHARS) return trimmed;
  const tail = trimmed.slice(-OUTPUT_CHARS);
  return `...\n${tail.slice(tail.indexOf('\n') + 1)}`;
}

/** How the last of the commands ended: `npm test` ended with exit code 1. */
export function commandsEnd({ commands }: Pick<CommandsFacts, 'commands'>): string {
  const last = commands.at(-1);
  if (last === undefined) return 'nothing ran';
  const how = last.exitCode === null ? 'was killed' : `ended with exit code ${last.exitCode}`;
  return `\`${last.command}\` ${how}`;
}

/** What Claude is told when its work does not pass; `left`: how many more times it may mend it after this. */
export const mendPrompt = (found: CommandsFacts, left: number): string =>
  [
    `Your work was verified and does not pass: ${commandsEnd(found)}. The end of its output:`,
    `<output>\n${found.output}\n</output>`,
    'Mend the cause, not the check. You can run the command yourself. Whatever it changed in files that git does not ' +
      'ignore has been undone.',
    left === 0
      ? 'It is verified once more when you are done; if it does not pass then, the job fails.'
      : `It is verified again when you are done; after that you may mend it ${left === 1 ? 'once' : `${left} times`} more.`,
  ].join('\n\n');

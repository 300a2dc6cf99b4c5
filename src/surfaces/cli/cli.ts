// From the words of a command line to an exit code: chooses the verb, runs it, and says in one sentence what failed.
import { AgenticoreError } from '../../domain/errors.js';
import type { ChosenVerb, CliContext } from './cli-context.js';
import { createParser } from './commands.js';
import { complain, valueOfSwitch } from './complain.js';
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
  await parser.parse([...words], {}, (error, parsed, text) => {
    complaint = error?.message ?? valueOfSwitch(words, parsed);
    output = text;
  });
  if (complaint !== undefined) {
    cli.terminal.say(words.length === 0 ? output : printable(complain(words, complaint, output)));
    return BAD_USAGE;
  }
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

// What a verb is given on standard input: a person at a terminal is told that it is waited for.
import type { CliContext } from '../cli-context.js';

/** Standard input, for whoever reads it now; `what` completes "Waiting for ...". */
export function fromStdin({ stdin, terminal }: CliContext, what: string): CliContext['stdin'] {
  if (stdin.isTTY === true)
    terminal.say(`agenticore: Waiting for ${what}, typed or pasted here; Ctrl-D ends it.`);
  return stdin;
}

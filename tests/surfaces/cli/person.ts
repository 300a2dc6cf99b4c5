// Somebody at the command line: runs verbs in this process and keeps what was written.
import { Readable } from 'node:stream';
import { runCli } from '../../../src/surfaces/cli/cli.js';
import type {
  CliContext,
  Desk,
  Finding,
  PackageRow,
  PackageVerdict,
  ServeFlags,
} from '../../../src/surfaces/cli/cli-context.js';
import { createTerminal, type Sink } from '../../../src/surfaces/cli/terminal/terminal.js';

export interface Heard {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Situation {
  readonly url?: string;
  readonly apiKey?: string;
  readonly out?: Sink;
  readonly stdin?: string;
  readonly stdinIsTTY?: boolean;
  readonly forceColor?: boolean;
  readonly noColor?: boolean;
  readonly findings?: readonly Finding[];
  readonly packages?: readonly PackageRow[];
  readonly verdict?: PackageVerdict;
  /** Called with the function that presses Ctrl-C. */
  readonly interrupt?: (press: () => void) => void;
  /** What `admin` works on; an error is what opening it throws. */
  readonly desk?: Desk | Error;
  /** Called before the desk is opened; throws what opening it throws. */
  readonly atDesk?: (access: 'read' | 'write') => void;
  /** What the process calls itself that has the bus. */
  readonly busHolder?: string;
  readonly edit?: (text: string) => Promise<string>;
  readonly serve?: (flags: ServeFlags) => Promise<number>;
}

/** A sink that keeps everything. */
export function keepingSink(): Sink & { text(): string } {
  let kept = '';
  return {
    write: (text) => {
      kept += text;
    },
    text: () => kept,
  };
}

/** Runs one command line and gives what came of it; `url` of the situation is used where no --url is given. */
export async function type(words: readonly string[], situation: Situation = {}): Promise<Heard> {
  const out = keepingSink();
  const err = keepingSink();
  const wishes = { noColor: situation.noColor ?? false, forceColor: situation.forceColor, term: 'xterm' };
  const stdin = Object.assign(Readable.from(situation.stdin === undefined ? [] : [situation.stdin]), {
    isTTY: situation.stdinIsTTY ?? false,
  });
  const cli: CliContext = {
    version: '9.8.7',
    terminal: createTerminal(situation.out ?? out, err, wishes),
    stdin,
    address: async (flags) => ({
      url: flags.url ?? situation.url ?? 'http://127.0.0.1:1',
      apiKey: flags.apiKey ?? situation.apiKey,
    }),
    serve: situation.serve ?? (async () => 0),
    diagnose: async () => situation.findings ?? [],
    listPackages: async () => situation.packages ?? [],
    checkPackage: async (directory) => {
      if (situation.verdict === undefined) throw new Error(`nothing is known of ${directory}`);
      return situation.verdict;
    },
    atDesk: async (order, work) => {
      situation.atDesk?.(order.access);
      if (situation.desk instanceof Error) throw situation.desk;
      if (situation.desk === undefined) throw new Error('there is no desk in this situation');
      return work(situation.desk);
    },
    busHolder: async () => situation.busHolder,
    edit: situation.edit ?? (async (text) => text),
    onInterrupt: (listener) => {
      situation.interrupt?.(listener);
      return () => {};
    },
  };
  return { code: await runCli(cli, words), out: out.text(), err: err.text() };
}

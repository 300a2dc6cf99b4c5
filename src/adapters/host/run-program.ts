// Runs a program of somebody else's to its end: an environment from nothing, its output line by line and bounded, a
// deadline, and nothing left of it when that has passed.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { listProcesses, type ProcessEntry, readVariable, signalProcess } from './process-table.js';

export interface ProgramOrder {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment, but for the mark by which what it starts is found again. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Gets each line of its output, cut to a length that can be read; not more than there is room for in a log. */
  readonly line: (text: string) => void;
}

export type ProgramEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly by: string }
  | { readonly kind: 'timed_out' }
  /** It could not be started. */
  | { readonly kind: 'not_started'; readonly reason: string };

const MARK = 'AGENTICORE_ATTEMPT_PROGRAM';
const MAX_LINES = 500;
const MAX_LINE_CHARS = 1000;
/** What a program leaves running may hold its output open; nobody listens to it any longer than this. */
const LAST_OUTPUT_MS = 1_000;
const LOOKS = 50;
const LOOK_EVERY_MS = 20;

/** Runs it. Rejects with the signal's reason when that aborts; everything it started is gone then. */
export async function runProgram(order: ProgramOrder, signal: AbortSignal): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const mark = randomUUID();
  const { command, args, cwd, env, timeoutMs } = order;
  const child = spawn(command, args, {
    cwd,
    env: { ...env, [MARK]: mark },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const take = boundedLines(order.line);
  const read = [readLines(child.stdout, take), readLines(child.stderr, take)];
  const deadline = AbortSignal.timeout(timeoutMs);
  const over = AbortSignal.any([signal, deadline]);
  const end = await new Promise<ProgramEnd>((resolve) => {
    child.once('error', (error) => resolve({ kind: 'not_started', reason: error.message }));
    child.once('exit', (code, by) =>
      resolve(code === null ? { kind: 'killed', by: by ?? 'a signal' } : { kind: 'exited', code }),
    );
    over.addEventListener('abort', () => resolve({ kind: 'timed_out' }), { once: true });
  });
  if (end.kind === 'timed_out') await killAll(child.pid, mark);
  const patience = setTimeout(() => {
    child.stdout.destroy();
    child.stderr.destroy();
  }, LAST_OUTPUT_MS);
  await Promise.all(read);
  clearTimeout(patience);
  signal.throwIfAborted();
  return end;
}

/** Kills until neither the program nor anything that it started is left. */
async function killAll(pid: number | undefined, mark: string): Promise<void> {
  const known = new Set(pid === undefined ? [] : [pid]);
  const isOurs = ({ pid: one, parent, session }: ProcessEntry): boolean =>
    known.has(one) || known.has(parent) || known.has(session) || readVariable(one, MARK) === mark;
  for (let look = 0; look < LOOKS; look += 1) {
    const living = listProcesses().filter((entry) => entry.pid !== process.pid && isOurs(entry));
    if (living.length === 0) return;
    for (const entry of living) {
      known.add(entry.pid);
      signalProcess(entry, 'SIGKILL');
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Resolves when the stream is over. */
function readLines(stream: Readable, take: (line: string) => void): Promise<void> {
  return new Promise((resolve) => {
    let rest = '';
    const say = (text: string): void => {
      if (text.trim() !== '') take(text.trimEnd());
    };
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      // A line without end is told in pieces instead of being gathered.
      rest = lines.pop() ?? '';
      for (const line of lines) say(line);
      if (rest.length <= MAX_LINE_CHARS) return;
      say(rest);
      rest = '';
    });
    stream.on('error', () => {});
    stream.once('close', () => {
      say(rest);
      resolve();
    });
  });
}

function boundedLines(line: (text: string) => void): (text: string) => void {
  let told = 0;
  return (text) => {
    told += 1;
    if (told <= MAX_LINES) line(text.length > MAX_LINE_CHARS ? `${text.slice(0, MAX_LINE_CHARS)}...` : text);
    else if (told === MAX_LINES + 1) line(`... and more than ${MAX_LINES} lines; the rest is left out`);
  };
}

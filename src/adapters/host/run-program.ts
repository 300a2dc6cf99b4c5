// Runs a program of somebody else's to its end: an environment from nothing, a deadline, its output bounded by whoever
// takes it, and nothing left of it when it was stopped.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { TAG_VARIABLE } from './attempt/attempt-tag.js';
import { type Census, createCensus } from './attempt/census.js';
import { endOrphans } from './attempt/kill-members.js';
import { findProcess } from './process-table.js';
import { withinTime } from './within-time.js';

export interface ProgramOrder {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment, but for the tag. */
  readonly env: Readonly<Record<string, string>>;
  /** The mark of everything that it starts, by which that is found again. */
  readonly tag: string;
  readonly timeoutMs: number;
  /** What it leaves running in the background ends with it; otherwise only a stopped one leaves nothing. */
  readonly leavesNothing?: boolean;
  /** Called once, when it runs. */
  readonly started?: (pid: number) => void;
  /** Gets its output as it comes, of both streams. */
  readonly said: (text: string) => void;
}

export type ProgramEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly by: string }
  | { readonly kind: 'timed_out' }
  /** It could not be started. */
  | { readonly kind: 'not_started'; readonly reason: string };

/** What a program leaves running may hold its output open; nobody listens to it any longer than this. */
const LAST_OUTPUT_MS = 1_000;

/** Runs it. Rejects with the signal's reason when that aborts; everything it started is gone then. */
export async function runProgram(order: ProgramOrder, signal: AbortSignal): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const { command, args, cwd, env, tag, timeoutMs } = order;
  const child = spawn(command, args, {
    cwd,
    env: { ...env, [TAG_VARIABLE]: tag },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const census = child.pid === undefined ? undefined : censusOf(child.pid, order);
  if (child.pid !== undefined) order.started?.(child.pid);
  const heard = [listen(child.stdout, order.said), listen(child.stderr, order.said)];
  const end = await withinTime(signal, timeoutMs, (over) => endOf(child, over));
  if (census && (end.kind === 'timed_out' || order.leavesNothing)) await endOrphans(census);
  const patience = setTimeout(() => {
    child.stdout.destroy();
    child.stderr.destroy();
  }, LAST_OUTPUT_MS);
  await Promise.all(heard);
  clearTimeout(patience);
  signal.throwIfAborted();
  return end;
}

/** How it ends; `over` tells when nobody waits for that any longer. */
function endOf(child: ChildProcess, over: AbortSignal): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ kind: 'not_started', reason: error.message }));
    child.once('exit', (code, by) =>
      resolve(code === null ? { kind: 'killed', by: by ?? 'a signal' } : { kind: 'exited', code }),
    );
    over.addEventListener('abort', () => resolve({ kind: 'timed_out' }), { once: true });
    if (over.aborted) resolve({ kind: 'timed_out' });
  });
}

/** Of it, its descendants, and whatever carries its tag or was left behind where it works. */
function censusOf(pid: number, { tag, cwd, leavesNothing }: ProgramOrder): Census {
  const root = findProcess(pid);
  return createCensus({
    roots: root ? [root] : [],
    owns: (found) => found === tag,
    since: root?.start ?? 0,
    ...(leavesNothing ? { workplaces: [cwd] } : {}),
  });
}

/** Resolves when the stream is over. */
function listen(stream: Readable, said: (text: string) => void): Promise<void> {
  return new Promise((resolve) => {
    stream.setEncoding('utf8').on('data', said);
    stream.on('error', () => {});
    stream.once('close', resolve);
  });
}

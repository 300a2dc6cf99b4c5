// `agenticore serve` as a child process, in an environment built from nothing.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const START_MS = 60_000;
/** Whether one is ready says a server within this time, or is asked again. */
const ANSWER_MS = 10_000;
/** A server that is asked to leave may have work that nobody will ever end. */
const STOP_MS = 20_000;

export interface RunningServer {
  readonly url: string;
  readonly pid: number;
  /** How it ended, with its log; undefined while it runs. */
  end(): string | undefined;
  /** Sends it a signal while it runs. */
  signal(name: NodeJS.Signals): void;
  /** Asks it to leave; after a while it is killed with what it does. */
  stop(): Promise<void>;
}

/**
 * Starts the server with all its files below `folder`, and waits until it is ready. Throws with its log if it ends or
 * does not get ready; nothing of it is left then. `detached`: in a session of its own, where Ctrl-C does not reach it;
 * the caller must stop it. `stopMs`: how long `stop` is patient.
 */
export async function startServer(
  door: string,
  folder: string,
  model: Readonly<Record<string, string>>,
  { detached = false, stopMs = STOP_MS }: { readonly detached?: boolean; readonly stopMs?: number } = {},
): Promise<RunningServer> {
  const logFile = join(folder, 'server.log');
  const log = openSync(logFile, 'a');
  const { size: saidBefore } = fstatSync(log);
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    LANG: 'C.UTF-8',
    AGENTICORE_HOME: join(folder, 'home'),
    AGENTICORE_REPOS_ROOT: join(folder, 'repos'),
    AGENTICORE_WORKTREE_ROOT: join(folder, 'worktrees'),
    ...model,
    AGENTICORE_PORT: '0',
  };
  const child = spawn(process.execPath, [door, 'serve'], { env, stdio: ['ignore', log, log], detached });
  closeSync(log);
  const end = (): string | undefined =>
    hasEnded(child)
      ? `the server ended (${child.signalCode ?? child.exitCode}):\n${readFileSync(logFile, 'utf8')}`
      : undefined;
  const assertAlive = (): void => {
    const ended = end();
    if (ended !== undefined) throw new Error(ended);
  };
  let url: string;
  try {
    url = await whenReady(() => {
      assertAlive();
      return listeningAt(logFile, saidBefore);
    });
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    url,
    pid: child.pid ?? 0,
    end,
    signal: (name) => void child.kill(name),
    async stop() {
      if (hasEnded(child)) return;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      child.kill('SIGCONT'); // one that was stopped hears nothing else
      const patience = setTimeout(() => child.kill('SIGKILL'), stopMs);
      await exit;
      clearTimeout(patience);
    },
  };
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/**
 * Where a server listens, as its log says behind the first `from` bytes; undefined before it does. It has taken whatever
 * port was free: one chosen before it started may by then be that of somebody else, who answers in its place.
 */
export function listeningAt(logFile: string, from: number): string | undefined {
  const log = readFileSync(logFile).subarray(from).toString();
  return /"url":"([^"]+)".*"msg":"server\.listening"/.exec(log)?.[1];
}

async function whenReady(findUrl: () => string | undefined): Promise<string> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    const url = findUrl();
    if (url !== undefined && (await isReady(url))) return url;
    if (Date.now() > deadline)
      throw new Error(`the server at ${url ?? 'no port yet'} was not ready within ${START_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/ready`, { signal: AbortSignal.timeout(ANSWER_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );

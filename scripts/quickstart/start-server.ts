// `agenticore serve` as a child process, in an environment built from nothing.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
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
  const port = await freePort();
  const logFile = join(folder, 'server.log');
  const log = openSync(logFile, 'a');
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    LANG: 'C.UTF-8',
    AGENTICORE_HOME: join(folder, 'home'),
    AGENTICORE_REPOS_ROOT: join(folder, 'repos'),
    AGENTICORE_WORKTREE_ROOT: join(folder, 'worktrees'),
    AGENTICORE_PORT: String(port),
    ...model,
  };
  const child = spawn(process.execPath, [door, 'serve'], { env, stdio: ['ignore', log, log], detached });
  closeSync(log);
  const url = `http://127.0.0.1:${port}`;
  const end = (): string | undefined =>
    hasEnded(child)
      ? `the server ended (${child.signalCode ?? child.exitCode}):\n${readFileSync(logFile, 'utf8')}`
      : undefined;
  try {
    await whenReady(url, () => {
      const ended = end();
      if (ended !== undefined) throw new Error(ended);
    });
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    url,
    pid: child.pid ?? 0,
    end,
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

async function whenReady(url: string, assertAlive: () => void): Promise<void> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    assertAlive();
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(`${url}/ready`, { signal }).catch(() => undefined);
    if (response?.ok) return;
    if (Date.now() > deadline)
      throw new Error(`the server at ${url} was not ready within ${START_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

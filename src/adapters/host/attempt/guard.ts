// Keeps one guard process beside this worker, from the first attempt on: when the worker is SIGKILLed, no code of
// its own runs, and claude would work on unwatched.
import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Log } from '../../../ports/log.js';
import { findProcess } from '../process-table.js';
import { formatOwner } from './attempt-tag.js';

export interface WatchedClaude {
  readonly pid: number;
  readonly tag: string;
  /** Others work where it works: what was left behind there may be theirs. */
  readonly sharesPlace?: boolean;
}

export interface Guard {
  /** Makes sure that the guard process runs. Call it before claude is started. */
  arm(): void;
  /** Puts an attempt under guard; the function returned takes it out again. */
  watch(claude: WatchedClaude): () => void;
  /** Lets the guard process go and waits for its end. Attempts that still run are ended by it. */
  close(): Promise<void>;
}

const RESTART_AFTER_MS = 1000;

/** A guard of this process; its process is started lazily, and again should it be killed. */
export function createGuard(deps: { readonly log: Log }): Guard {
  const watched = new Map<string, WatchedClaude>();
  let child: ChildProcess | undefined;
  let closed = false;

  function arm(): void {
    if (child || closed) return;
    const self = findProcess(process.pid);
    const program = fileURLToPath(new URL('./guard-process.js', import.meta.url));
    const started = spawn(process.execPath, [program, self ? formatOwner(self) : ''], {
      // A session of its own: a signal to the worker's group must not reach it. No environment: it needs none.
      detached: true,
      cwd: '/',
      env: {},
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child = started;
    started.on('error', (error) => {
      if (started.pid === undefined) child = undefined;
      deps.log('guard.failed', { error: error.message }, 'warn');
    });
    started.stdin?.on('error', () => {}); // it was killed; `exit` tells
    started.once('exit', () => {
      child = undefined;
      if (closed) return;
      deps.log('guard.lost', { pid: started.pid, attempts: watched.size }, 'warn');
      if (watched.size > 0) setTimeout(arm, RESTART_AFTER_MS).unref();
    });
    // It must not keep the worker's process alive.
    started.unref();
    if (started.stdin instanceof Socket) started.stdin.unref();
    for (const claude of watched.values()) add(claude);
  }

  function tell(order: object): void {
    child?.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  const add = ({ pid, tag, sharesPlace = false }: WatchedClaude): void =>
    tell({ tag, add: pid, shares_place: sharesPlace });

  return {
    arm,
    watch(claude) {
      const { tag } = claude;
      watched.set(tag, claude);
      arm();
      add(claude);
      return () => {
        watched.delete(tag);
        tell({ tag, remove: true });
      };
    },
    async close() {
      closed = true;
      const leaving = child;
      if (leaving === undefined || leaving.exitCode !== null || leaving.signalCode !== null) return;
      leaving.ref();
      const gone = new Promise((resolve) => leaving.once('exit', resolve));
      leaving.stdin?.end();
      await gone;
    },
  };
}

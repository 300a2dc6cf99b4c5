// One process of the fleet, `agenticore serve` in one role: hurt on purpose, and started again as an orchestrator would.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const RESTART_MS = 200;
const READY_MS = 60_000;
const LEAVE_MS = 60_000;

export interface MemberOrder {
  readonly name: string;
  readonly role: 'ingress' | 'gateway' | 'worker';
  readonly door: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  /** Folder of its log. */
  readonly logs: string;
  /** Told of an end that nobody asked for, and of one with another exit code than 0. */
  readonly onUnasked: (sentence: string) => void;
}

export interface Member {
  readonly name: string;
  readonly url: string;
  /** Undefined while it is down. */
  pid(): number | undefined;
  /** All that it ever had. */
  readonly pids: ReadonlySet<number>;
  /** Resolves when there is a process to hurt. */
  up(): Promise<void>;
  /** SIGKILL. */
  kill(): void;
  /** SIGSTOP; the function returned lets exactly this process go on, if it still lives. */
  freeze(): () => void;
  /** SIGTERM: it leaves by itself, and is started again. */
  leave(): void;
  /** SIGTERM, and started again; resolves when the new process answers its readiness probe. */
  restart(): Promise<void>;
  /** Resolves when it answers its readiness probe. */
  ready(): Promise<void>;
  /** SIGTERM for good; resolves with its exit code, null when it had to be killed. */
  close(): Promise<number | null>;
}

/** Starts the process; whenever it ends it is started again, until `close`. */
export function startMember(order: MemberOrder): Member {
  const { name, role, door, port, logs } = order;
  const url = `http://127.0.0.1:${port}`;
  /** How often each was asked to go; one that is asked to leave twice goes at once, with exit code 1. */
  const asked = new WeakMap<ChildProcess, number>();
  const pids = new Set<number>();
  let child: ChildProcess | undefined;
  let closed = false;

  function start(): void {
    if (closed) return;
    const log = openSync(join(logs, `${name}.log`), 'a');
    const args = [door, 'serve', '--roles', role, '--port', String(port)];
    const started = spawn(process.execPath, args, { env: order.env, stdio: ['ignore', log, log] });
    closeSync(log);
    child = started;
    if (started.pid !== undefined) pids.add(started.pid);
    started.once('exit', (code, signal) => {
      child = undefined;
      const times = asked.get(started) ?? 0;
      if (times === 0 || (times === 1 && (code ?? 0) !== 0))
        order.onUnasked(`${name} (pid ${started.pid}) ended with ${signal ?? code}`);
      setTimeout(start, RESTART_MS);
    });
  }

  function signal(which: NodeJS.Signals): void {
    if (child === undefined) return;
    asked.set(child, (asked.get(child) ?? 0) + 1);
    child.kill(which);
  }

  async function ready(): Promise<void> {
    const deadline = Date.now() + READY_MS;
    while (!(await isReady(url))) {
      if (Date.now() > deadline)
        throw new Error(`${name} is not ready within ${READY_MS / 1000} s: see ${logs}`);
      await sleep(50);
    }
  }

  start();
  return {
    name,
    url,
    pid: () => child?.pid,
    pids,
    async up() {
      while (child === undefined && !closed) await sleep(RESTART_MS / 10);
    },
    kill: () => signal('SIGKILL'),
    leave: () => signal('SIGTERM'),
    freeze() {
      const frozen = child;
      frozen?.kill('SIGSTOP');
      return () => void frozen?.kill('SIGCONT');
    },
    ready,
    async restart() {
      const before = child;
      signal('SIGTERM');
      while (child === before || child === undefined) await sleep(RESTART_MS / 10);
      await ready();
    },
    async close() {
      closed = true;
      const leaving = child;
      if (leaving === undefined) return 0;
      asked.set(leaving, (asked.get(leaving) ?? 0) + 1);
      const gone = once(leaving, 'exit');
      const patience = setTimeout(() => leaving.kill('SIGKILL'), LEAVE_MS);
      leaving.kill('SIGTERM');
      leaving.kill('SIGCONT');
      const [code] = await gone;
      clearTimeout(patience);
      return typeof code === 'number' ? code : null;
    },
  };
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/ready`, { signal: AbortSignal.timeout(2000) }).then(
    async (response) => {
      await response.arrayBuffer();
      return response.ok;
    },
    () => false,
  );

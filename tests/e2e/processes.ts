// A fleet of several processes on one Redis, each in its roles, with a claude that waits until a file is there. Nothing
// is started again by itself: how a process ends is what these tests look at.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, fstatSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listeningAt } from '../../scripts/quickstart/start-server.js';
import { eventually } from '../support/eventually.js';
import type { TestRedis } from '../support/redis-server.js';
import { tempDir } from '../support/temp-dir.js';
import { DOOR, type JobJson } from './surrounded-server.js';

export interface Process {
  /** Its host's name, by which the roster knows it. */
  readonly name: string;
  readonly url: string;
  send(signal: NodeJS.Signals): void;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** How it ended, with its log; undefined while it runs. */
  end(): string | undefined;
  log(): string;
}

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Processes {
  readonly folder: string;
  /** Starts a process and waits until it is ready. */
  start(name: string, roles: string, env?: Readonly<Record<string, string>>): Promise<Process>;
  /** Runs the command line against a server. */
  type(server: Process, ...words: readonly string[]): Promise<Said>;
  close(): Promise<void>;
}

/** A lease that no test outlives: what is taken up meanwhile was given back. */
const LONG_LEASE_S = '600';

export async function openProcesses(redis: TestRedis): Promise<Processes> {
  const folder = await tempDir();
  const binary = join(folder, 'claude');
  const standIn = fileURLToPath(new URL('../support/patient-claude.js', import.meta.url));
  writeFileSync(binary, `#!/bin/sh\nexec ${process.execPath} ${standIn} "$@"\n`);
  chmodSync(binary, 0o755);
  const children: ChildProcess[] = [];

  const environment = (name: string): Record<string, string> => ({
    PATH: process.env.PATH ?? '',
    HOME: join(folder, name),
    LANG: 'C.UTF-8',
    AGENTICORE_HOME: join(folder, name, 'home'),
    AGENTICORE_REPOS_ROOT: join(folder, name, 'repos'),
    AGENTICORE_WORKTREE_ROOT: join(folder, name, 'worktrees'),
    AGENTICORE_POD_NAME: name,
    AGENTICORE_CLAUDE_BINARY: binary,
    AGENTICORE_LEASE: LONG_LEASE_S,
    REDIS_URL: redis.url,
    REDIS_KEY_PREFIX: redis.keyPrefix,
    ANTHROPIC_API_KEY: 'none-needed',
  });

  return {
    folder,
    async start(name, roles, env = {}) {
      mkdirSync(join(folder, name), { recursive: true });
      const logFile = join(folder, `${name}.log`);
      const log = openSync(logFile, 'a');
      const { size: saidBefore } = fstatSync(log);
      const child = spawn(process.execPath, [DOOR, 'serve', '--roles', roles, '--port', '0'], {
        env: { ...environment(name), ...env },
        stdio: ['ignore', log, log],
      });
      closeSync(log);
      children.push(child);
      const ended = once(child, 'exit').then(([code, signal]): number | string => code ?? signal);
      const readLog = (): string => readFileSync(logFile, 'utf8');
      const url = await eventually(
        `${name} is ready`,
        async () => {
          if (child.exitCode !== null) throw new Error(`it ended:\n${readLog()}`);
          const own = listeningAt(logFile, saidBefore);
          return own !== undefined && (await fetch(`${own}/ready`)).ok && own;
        },
        30_000,
      );
      const end = (): string | undefined => {
        const how = child.signalCode ?? child.exitCode;
        return how === null ? undefined : `${name} ended (${how}):\n${readLog()}`;
      };
      return { name, url, ended, end, log: readLog, send: (signal) => void child.kill(signal) };
    },
    type: (server, ...words) =>
      new Promise((resolve) => {
        const env = { PATH: process.env.PATH, HOME: folder, AGENTICORE_URL: server.url };
        const child = execFile(process.execPath, [DOOR, ...words], { env }, (_error, out, err) =>
          resolve({ code: child.exitCode ?? -1, out, err }),
        );
      }),
    async close() {
      await Promise.all(
        children.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          const gone = once(child, 'exit');
          child.kill('SIGKILL');
          await gone;
        }),
      );
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Submits a job whose claude waits for `file`. */
export async function submitTo(server: Process, file: string): Promise<string> {
  const response = await fetch(`${server.url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ task: `wait for ${file} please` }),
  });
  const text = await response.text();
  if (response.status !== 202) throw new Error(`${response.status}: ${text}`);
  const { job }: { job: JobJson } = JSON.parse(text);
  return job.id;
}

export async function readFrom(server: Process, id: string): Promise<JobJson> {
  const response = await fetch(`${server.url}/jobs/${id}`).catch((error: unknown) => {
    throw new Error(server.end() ?? `${server.name} does not answer`, { cause: error });
  });
  const body = (await response.json()) as { job: JobJson };
  return body.job;
}

/** Waits until the claude of the job's attempt runs. */
export const whenRunning = (server: Process, id: string, attempt = 1): Promise<JobJson> =>
  eventually(`claude works on attempt ${attempt}`, async () => {
    const job = await readFrom(server, id);
    return job.status === 'running' && job.attempt === attempt && job.pid !== undefined && job;
  });

export const whenStatus = (server: Process, id: string, status: string): Promise<JobJson> =>
  eventually(`the job is ${status}`, async () => {
    const job = await readFrom(server, id);
    return job.status === status && job;
  });

// A whole Agenticore for a test: the server as a process of its own, the real claude with a scripted model, a real
// repository with a bare remote, on either bus.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { gitEnvironment } from '../../scripts/quickstart/git-environment.js';
import { makeSampleRepository } from '../../scripts/quickstart/sample-repository.js';
import { type RunningServer, startServer } from '../../scripts/quickstart/start-server.js';
import type { Script } from '../../scripts/scripted-model/script.js';
import { type ScriptedModel, startScriptedModel } from '../../scripts/scripted-model/server.js';
import { openKeys } from '../../src/adapters/redis/keys.js';
import type { LedgerRecord } from '../../src/domain/evidence.js';
import { eventually } from '../support/eventually.js';
import { startRedis, type TestRedis } from '../support/redis-server.js';

export type BusName = 'file' | 'redis';
export type JobJson = Readonly<Record<string, unknown>> & { readonly id: string; readonly status: string };

/** One SSE frame as it was on the wire. */
export interface Frame {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export const DOOR = fileURLToPath(new URL('../../src/main.js', import.meta.url));
/** The key that the server holds; it must turn up nowhere else. */
export const MODEL_KEY = 'sk-ant-planted-0123456789abcdefghij';

export interface Fleet {
  readonly url: string;
  readonly remote: string;
  readonly folder: string;
  readonly model: ScriptedModel;
  /** What the server was started with: what one more server of the same fleet needs. */
  readonly settings: Readonly<Record<string, string>>;
  submit(request: Record<string, unknown>): Promise<JobJson>;
  job(id: string): Promise<JobJson>;
  /** Waits until the job has a terminal status. */
  ended(id: string): Promise<JobJson>;
  /** The records of a job as they stand on the bus. */
  ledger(id: string): Promise<readonly LedgerRecord[]>;
  /** The whole feed of an ended job. */
  feed(id: string): Promise<readonly Frame[]>;
  git(...args: string[]): string;
  /** SIGKILL, or another signal, to the server. */
  kill(signal?: NodeJS.Signals): void;
  restart(): Promise<void>;
  close(): Promise<void>;
}

const TERMINAL = ['succeeded', 'failed', 'cancelled', 'expired'];

/** A server with everything around it, on files, on the Redis of all tests, or on one given, which it then stops. */
export async function startFleet(
  bus: BusName | TestRedis,
  scripts: readonly Script[],
  env: Record<string, string> = {},
): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), 'agenticore-e2e-'));
  const remote = makeSampleRepository(folder);
  const model = await startScriptedModel({ scripts, pace: 'instant' });
  const given = typeof bus === 'object' ? bus : undefined;
  const redis: TestRedis | undefined = bus === 'redis' ? await startRedis() : given;
  const settings = {
    ANTHROPIC_API_KEY: MODEL_KEY,
    ANTHROPIC_BASE_URL: model.url,
    LOG_LEVEL: 'debug',
    ...(redis ? { REDIS_URL: redis.url, REDIS_KEY_PREFIX: redis.keyPrefix, AGENTICORE_LEASE: '3' } : {}),
    ...env,
  };
  const closeAround = async (): Promise<void> => {
    await model.close();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  let server: RunningServer = await startServer(DOOR, folder, settings).catch(async (error: unknown) => {
    await closeAround();
    throw error;
  });

  const get = async (path: string): Promise<Response> => fetch(`${server.url}${path}`);
  const job = async (id: string): Promise<JobJson> => (await readJson(await get(`/jobs/${id}`))).job;
  return {
    get url() {
      return server.url;
    },
    remote,
    folder,
    model,
    settings,
    job,
    async submit(request) {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${server.url}/jobs`, {
        method: 'POST',
        headers,
        body: JSON.stringify(request),
      });
      return (await readJson(response)).job;
    },
    ended: (id) =>
      eventually(
        `job ${id} ends`,
        async () => {
          const found = await job(id);
          return TERMINAL.includes(found.status) && found;
        },
        60_000,
      ),
    ledger: (id) => (redis ? readRedisLedger(redis, id) : readFileLedger(join(folder, 'home', 'bus'), id)),
    async feed(id) {
      return parseFrames(await (await get(`/jobs/${id}/events`)).text());
    },
    git: (...args) =>
      execFileSync('git', [`--git-dir=${remote}`, ...args], {
        env: gitEnvironment(folder),
        encoding: 'utf8',
      }),
    kill: (signal = 'SIGKILL') => void process.kill(server.pid, signal),
    async restart() {
      await server.stop();
      server = await startServer(DOOR, folder, settings);
    },
    async close() {
      await server.stop();
      await closeAround();
    },
  };
}

async function readFileLedger(bus: string, jobId: string): Promise<readonly LedgerRecord[]> {
  const text = readFileSync(join(bus, 'jobs', jobId, 'ledger.jsonl'), 'utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.flatMap((line) => JSON.parse(line).records);
}

async function readRedisLedger(
  { url, keyPrefix }: TestRedis,
  jobId: string,
): Promise<readonly LedgerRecord[]> {
  const redis = new Redis(url);
  try {
    const lines = await redis.lrange(openKeys(keyPrefix).ledger(jobId), 0, -1);
    return lines.map((line) => JSON.parse(line.slice(line.indexOf('{'))));
  } finally {
    redis.disconnect();
  }
}

async function readJson(response: Response): Promise<{ job: JobJson }> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
  return JSON.parse(text);
}

/** The complete frames of a piece of an event stream; a torn last one is left out. */
export function parseFrames(text: string): Frame[] {
  const complete = text.slice(0, text.lastIndexOf('\n\n') + 2).split('\n\n');
  return complete.flatMap((block) => {
    const field = (name: string): string =>
      block
        .split('\n')
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2) ?? '';
    return field('event') === ''
      ? []
      : [{ id: field('id'), event: field('event'), data: JSON.parse(field('data') || '{}') }];
  });
}

/** The processes of this machine that carry the tag of the job's attempts, as command lines. */
export function processesOf(jobId: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`AGENTICORE_ATTEMPT=${jobId}`)) return [];
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        return []; // it ended while we looked
      }
    });
}

/** A script whose Claude mends the sample repository and commits. */
export const mendIt: Script = {
  name: 'mend-it',
  match: 'make the test pass',
  usage: { input_tokens: 1000, output_tokens: 100 },
  steps: [
    {
      think: 'The loop starts at one.',
      say: 'I will mend it.',
      call: [
        {
          tool: 'Bash',
          input: {
            command:
              "sed -i 's/let i = 1/let i = 0/' total.js && node --test >/dev/null && git commit -aqm 'Count the first item'",
          },
        },
      ],
    },
    { say: 'The test passes now.' },
  ],
};

/** A script whose Claude sleeps in a tool, with children that try to survive. */
export const sleepLong: Script = {
  name: 'sleep-long',
  match: 'sleep long',
  steps: [
    {
      say: 'Going to sleep.',
      call: [
        {
          tool: 'Bash',
          input: {
            command: "trap '' TERM INT HUP; setsid nohup sleep 600 >/dev/null 2>&1 & sleep 600",
            timeout: 600_000,
          },
        },
      ],
    },
    { say: 'Awake again.' },
  ],
};

// A whole Agenticore for a test: the server as a process of its own, the real claude with a scripted model, a real
// repository with a bare remote, on either bus.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { gitEnvironment } from '../../scripts/quickstart/git-environment.js';
import { makeSampleRepository } from '../../scripts/quickstart/sample-repository.js';
import type { Script } from '../../scripts/scripted-model/script.js';
import { openKeys } from '../../src/adapters/redis/keys.js';
import type { LedgerRecord } from '../../src/domain/evidence.js';
import type { TestRedis } from '../support/redis-server.js';
import {
  type BusName,
  type JobJson,
  readJson,
  type SurroundedServer,
  startSurrounded,
} from './surrounded-server.js';

/** One SSE frame as it was on the wire. */
export interface Frame {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export interface Fleet extends SurroundedServer {
  readonly remote: string;
  submit(request: Record<string, unknown>): Promise<JobJson>;
  /** The records of a job as they stand on the bus. */
  ledger(id: string): Promise<readonly LedgerRecord[]>;
  /** The whole feed of an ended job. */
  feed(id: string): Promise<readonly Frame[]>;
  git(...args: string[]): string;
}

/** A server with everything around it, on files, on the Redis of all tests, or on one given, which it then stops. */
export async function startFleet(
  bus: BusName | TestRedis,
  scripts: readonly Script[],
  env: Record<string, string> = {},
): Promise<Fleet> {
  const server = await startSurrounded(bus, scripts, env);
  const { folder, redis } = server;
  const remote = makeSampleRepository(folder);
  return Object.assign(server, {
    remote,
    async submit(request: Record<string, unknown>) {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify(request);
      return (await readJson(await fetch(`${server.url}/jobs`, { method: 'POST', headers, body }))).job;
    },
    ledger: (id: string) =>
      redis ? readRedisLedger(redis, id) : readFileLedger(join(folder, 'home', 'bus'), id),
    feed: async (id: string) => parseFrames(await (await server.get(`/jobs/${id}/events`)).text()),
    git: (...args: string[]) =>
      execFileSync('git', [`--git-dir=${remote}`, ...args], {
        env: gitEnvironment(folder),
        encoding: 'utf8',
      }),
  });
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

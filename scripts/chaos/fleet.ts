// The whole cast: Redis, the model, one ingress, one gateway, and workers on hosts of two each.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { type Keys, openKeys } from '../../src/adapters/redis/keys.js';
import { freePort } from '../redis/free-port.js';
import { type RedisServer, startRedisServer } from '../redis/redis-server.js';
import { type ScriptedModel, startScriptedModel } from '../scripted-model/server.js';
import { type Member, type MemberOrder, startMember } from './member.js';
import { leaveNote, type Scenery } from './scenery.js';

export const LEASE_S = 3;
/** Jobs of one repository that the lane admits: fewer than are submitted at a time. */
export const JOBS_PER_REPOSITORY = 3;
const DRAIN_S = 1;
const PREFIX = 'chaos';
const WORKERS_PER_HOST = 2;

export interface Fleet {
  readonly redisServer: RedisServer;
  /** A connection for looking, which comes back by itself and never waits for Redis. */
  readonly redis: Redis;
  readonly keys: Keys;
  readonly ingress: Member;
  readonly gateway: Member;
  readonly workers: readonly Member[];
  /** Folders of the hosts. */
  readonly hosts: readonly string[];
  /** Ends that nobody asked for, as sentences. */
  readonly unasked: readonly string[];
  /** What a keeper calls, and with which environment. */
  readonly keeper: { readonly door: string; readonly env: Readonly<Record<string, string>> };
  /** Ends every process; resolves with the members that did not leave with exit code 0. */
  close(): Promise<readonly string[]>;
}

/** Starts everything and waits until it is ready. */
export async function startFleet(scenery: Scenery, workerCount: number): Promise<Fleet> {
  const { folder, logs } = scenery;
  const data = join(folder, 'redis');
  mkdirSync(data);
  const redisServer = await startRedisServer({ durable: true, dir: data });
  const redis = new Redis(redisServer.url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 100,
  });
  redis.on('error', () => {}); // whoever asks is told
  const model = await startScriptedModel({ scripts: [leaveNote], pace: 'instant' });
  const unasked: string[] = [];
  const door = fileURLToPath(new URL('../../src/main.js', import.meta.url));
  const taken = new Set<number>();

  async function add(name: string, role: MemberOrder['role'], host: string): Promise<Member> {
    const port = await freePort(taken);
    taken.add(port);
    const env = environment({ scenery, host, redisUrl: redisServer.url, model });
    return startMember({ name, role, door, port, env, logs, onUnasked: (what) => unasked.push(what) });
  }
  const hosts = Array.from({ length: Math.ceil(workerCount / WORKERS_PER_HOST) }, (_, n) => `host-${n + 1}`);
  const ingress = await add('ingress', 'ingress', 'front');
  const gateway = await add('gateway', 'gateway', 'front');
  const workers: Member[] = [];
  for (let n = 0; n < workerCount; n += 1)
    workers.push(await add(`worker-${n + 1}`, 'worker', hosts[Math.floor(n / WORKERS_PER_HOST)] ?? ''));
  const members = [ingress, gateway, ...workers];

  let closing: Promise<readonly string[]> | undefined;
  async function end(): Promise<readonly string[]> {
    const codes = await Promise.all(members.map((member) => member.close()));
    redis.disconnect();
    await model.close();
    await redisServer.stop();
    return members.flatMap(({ name }, n) => (codes[n] === 0 ? [] : [`${name} left with ${codes[n]}`]));
  }
  function close(): Promise<readonly string[]> {
    closing ??= end();
    return closing;
  }
  try {
    await Promise.all(members.map((member) => member.ready()));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    redisServer,
    redis,
    keys: openKeys(PREFIX),
    ingress,
    gateway,
    workers,
    hosts: hosts.map((host) => join(folder, host)),
    unasked,
    keeper: { door, env: environment({ scenery, host: 'front', redisUrl: redisServer.url, model }) },
    close,
  };
}

interface Surroundings {
  readonly scenery: Scenery;
  readonly host: string;
  readonly redisUrl: string;
  readonly model: ScriptedModel;
}

/** Built from nothing. Workers of one host share its folders. */
function environment({ scenery, host, redisUrl, model }: Surroundings): Record<string, string> {
  const home = join(scenery.folder, host);
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    LANG: 'C.UTF-8',
    AGENTICORE_HOME: join(home, 'home'),
    AGENTICORE_REPOS_ROOT: join(home, 'repos'),
    AGENTICORE_WORKTREE_ROOT: join(home, 'worktrees'),
    AGENTICORE_POD_NAME: host,
    AGENTICORE_PROFILES_DIR: scenery.profilesDir,
    AGENTICORE_CLAUDE_BINARY: scenery.binary,
    AGENTICORE_LEASE: String(LEASE_S),
    AGENTICORE_DRAIN: String(DRAIN_S),
    AGENTICORE_MAX_ATTEMPTS: '100',
    AGENTICORE_MAX_PARALLEL_PER_REPO: String(JOBS_PER_REPOSITORY),
    REDIS_URL: redisUrl,
    REDIS_KEY_PREFIX: PREFIX,
    ANTHROPIC_API_KEY: 'none-needed',
    ANTHROPIC_BASE_URL: model.url,
    LOG_LEVEL: 'debug',
  };
}

// A real Redis for tests: one of our own on a free port, or the one that AGENTICORE_TEST_REDIS_URL names.
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import {
  type RedisServer,
  type RedisServerOptions,
  startRedisServer,
} from '../../scripts/redis/redis-server.js';

export interface TestRedis {
  readonly url: string;
  /** Nobody else's: give each bus one that begins with it. */
  readonly keyPrefix: string;
  /** Leaves nothing: no process, no file, no key. */
  stop(): Promise<void>;
}

export interface OwnRedis extends RedisServer, TestRedis {}

/** A Redis to share between tests. `given`: the address of one that is there already. */
export async function startRedis(given = process.env.AGENTICORE_TEST_REDIS_URL): Promise<TestRedis> {
  if (!given) return startOwnRedis();
  const keyPrefix = `test-${randomUUID()}`;
  return { url: given, keyPrefix, stop: () => removeKeys(given, keyPrefix) };
}

/** A Redis of one's own, to be killed and started again. */
export async function startOwnRedis(options: RedisServerOptions = {}): Promise<OwnRedis> {
  return { ...(await startRedisServer(options)), keyPrefix: `test-${randomUUID()}` };
}

async function removeKeys(url: string, keyPrefix: string): Promise<void> {
  const redis = new Redis(url);
  try {
    for await (const keys of redis.scanStream({ match: `{${keyPrefix}*`, count: 1000 })) {
      if (keys.length > 0) await redis.unlink(keys);
    }
  } finally {
    redis.disconnect();
  }
}

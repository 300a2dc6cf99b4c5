// Opens Redis buses for the suites: each with a key prefix of its own on one shared server.
import { randomUUID } from 'node:crypto';
import { after, before } from 'node:test';
import { Redis } from 'ioredis';
import { openRedisBus, type RedisBusOptions } from '../../../src/adapters/redis/open-redis-bus.js';
import type { Bus } from '../../../src/ports/bus.js';
import { startRedis, type TestRedis } from '../../support/redis-server.js';

/** A lease that no test outlives. */
export const LONG_LEASE_MS = 10 * 60_000;

export const freshPrefix = (redis: TestRedis): string => `${redis.keyPrefix}-${randomUUID().slice(0, 8)}`;

/** What is open would keep the process for ever after a test that failed or ran out of time. */
const closings: (() => unknown)[] = [];
after(async () => void (await Promise.all(closings.map((close) => close()))));

/** A bus on this Redis, alone unless a prefix is given. */
export async function openBus(redis: TestRedis, options: Partial<RedisBusOptions> = {}): Promise<Bus> {
  const bus = await openRedisBus({
    url: redis.url,
    keyPrefix: freshPrefix(redis),
    leaseMs: LONG_LEASE_MS,
    consumer: 'test',
    ...options,
  });
  closings.push(() => bus.close());
  return bus;
}

const RETRY_MS = 100;
const RETRIES = 50;

/** A connection to look into this Redis with: while it is away, it fails within seconds. */
export function openAdmin({ url }: Pick<TestRedis, 'url'>): Redis {
  const admin = new Redis(url, { retryStrategy: () => RETRY_MS, maxRetriesPerRequest: RETRIES });
  admin.on('error', () => undefined); // its commands say so
  closings.push(() => admin.disconnect());
  return admin;
}

export interface RedisInUse<T> {
  readonly server: T;
  /** A connection to look into it with. */
  readonly admin: Redis;
}

/** A Redis for the tests of this scope, there before the first of them and gone after the last. */
export function useRedis(): RedisInUse<TestRedis>;
export function useRedis<T extends TestRedis>(start: () => Promise<T>): RedisInUse<T>;
export function useRedis(start: () => Promise<TestRedis> = startRedis): RedisInUse<TestRedis> {
  let used: RedisInUse<TestRedis> | undefined;
  const inUse = (): RedisInUse<TestRedis> => {
    if (used === undefined) throw new Error('Redis is there when the tests run');
    return used;
  };
  before(async () => {
    const server = await start();
    used = { server, admin: openAdmin(server) };
  });
  after(async () => {
    used?.admin.disconnect();
    await used?.server.stop();
  });
  return {
    get server() {
      return inUse().server;
    },
    get admin() {
      return inUse().admin;
    },
  };
}

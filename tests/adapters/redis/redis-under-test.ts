// Opens Redis buses for the suites: each with a key prefix of its own on one shared server.
import { randomUUID } from 'node:crypto';
import { openRedisBus, type RedisBusOptions } from '../../../src/adapters/redis/open-redis-bus.js';
import type { Bus } from '../../../src/ports/bus.js';
import type { TestRedis } from '../../support/redis-server.js';

/** A lease that no test outlives. */
export const LONG_LEASE_MS = 10 * 60_000;

export const freshPrefix = (redis: TestRedis): string => `${redis.keyPrefix}-${randomUUID().slice(0, 8)}`;

/** A bus on this Redis, alone unless a prefix is given. */
export const openBus = (redis: TestRedis, options: Partial<RedisBusOptions> = {}): Promise<Bus> =>
  openRedisBus({
    url: redis.url,
    keyPrefix: freshPrefix(redis),
    leaseMs: LONG_LEASE_MS,
    consumer: 'test',
    ...options,
  });

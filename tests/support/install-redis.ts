// Which tests can run where only somebody else's Redis is given.
import { hasRedisServer } from '../../scripts/redis/install-redis.js';

/** Options for tests that kill and restart a Redis of their own: skipped where only somebody else's Redis is given. */
export const needsOwnRedis =
  process.env.AGENTICORE_TEST_REDIS_URL && !hasRedisServer()
    ? { skip: 'only a foreign Redis is given (AGENTICORE_TEST_REDIS_URL), and this test kills its own' }
    : {};

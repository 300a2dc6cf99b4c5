// What the breaker of a fleet must bear besides its contract: the clocks of its hosts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startRedis, type TestRedis } from '../../support/redis-server.js';
import { openBus } from './redis-under-test.js';

let redis: TestRedis;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

test('a worker whose clock is years ahead does not stop the fleet for years', async () => {
  const bus = await openBus(redis);
  try {
    const tenDays = 10 * 86_400_000;
    await bus.breaker.open('mine', Date.now() + 100 * tenDays);
    const passage = await bus.breaker.pass('mine', 1000);
    assert.ok(passage.kind === 'open' && passage.until < Date.now() + tenDays);
  } finally {
    await bus.close();
  }
});

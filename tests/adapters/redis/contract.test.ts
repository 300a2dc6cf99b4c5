// The contract of the ports, on a real Redis, where it is our own as the user that docs/redis.md has made.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Bus } from '../../../src/ports/bus.js';
import { startRedis, type TestRedis } from '../../support/redis-server.js';
import { busContract } from '../contract/bus-contract.js';
import { asDocumentedUser, refusals } from './documented-user.js';
import { freshPrefix, openBus } from './redis-under-test.js';

const isForeign = Boolean(process.env.AGENTICORE_TEST_REDIS_URL);

let server: TestRedis;
let redis: TestRedis;
before(async () => {
  server = await startRedis();
  redis = isForeign ? server : await asDocumentedUser(server);
});
after(() => server.stop());

busContract('redis bus', async (options) => {
  const keyPrefix = freshPrefix(redis);
  const opened: Bus[] = [];
  const open = async (): Promise<Bus> => {
    const bus = await openBus(redis, { keyPrefix, ...options });
    opened.push(bus);
    return bus;
  };
  return {
    bus: await open(),
    reopen: open,
    close: async () => {
      await Promise.all(opened.map((bus) => bus.close()));
    },
  };
});

test('the documented user was refused nothing', { skip: isForeign }, async () => {
  const bus = await openBus(redis);
  await bus.ping().finally(() => bus.close());
  assert.deepEqual(await refusals(server), []);
});

test('and may ask how Redis keeps its data', { skip: isForeign }, async () => {
  const bus = await openBus(redis);
  try {
    assert.match(JSON.stringify(await bus.weaknesses()), /keeps no append-only file/);
  } finally {
    await bus.close();
  }
  assert.deepEqual(await refusals(server), []);
});

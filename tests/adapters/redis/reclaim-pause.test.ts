// After an absence of Redis every lease may have lapsed though its worker lives: the living extend theirs first.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import { runScript } from '../../../src/adapters/redis/scripts.js';
import { eventually } from '../../support/eventually.js';
import { needsOwnRedis } from '../../support/install-redis.js';
import { startTurn, submit } from '../../support/ledger.js';
import { type OwnRedis, startOwnRedis } from '../../support/redis-server.js';
import { freshPrefix, openBus } from './redis-under-test.js';

const TIMEOUT = { timeout: 60_000 };
const LEASE_MS = 1500;
const never = new AbortController().signal;

describe('claims after an absence of Redis', needsOwnRedis, () => {
  let redis: OwnRedis;
  before(async () => {
    redis = await startOwnRedis({ durable: true });
  });
  after(() => redis.stop());

  /** Resolves when the only claim of the lane has not been extended for `ms` of Redis' time. */
  const idleFor = async (admin: Redis, keyPrefix: string, ms: number): Promise<unknown> =>
    eventually('the lease has lapsed', async () => {
      const pending = await admin.xpending(openKeys(keyPrefix).lane('jobs'), 'workers', '-', '+', 9);
      const [entry] = pending;
      return Array.isArray(entry) && Number(entry[2]) >= ms;
    });

  test('a Redis that stood still lets nobody take what the living could not extend', TIMEOUT, async () => {
    const bus = { keyPrefix: freshPrefix(redis), leaseMs: LEASE_MS };
    const [holder, other] = [await openBus(redis, bus), await openBus(redis, bus)];
    const admin = new Redis(redis.url);
    const lane = openKeys(bus.keyPrefix).lane('jobs');
    try {
      await submit(holder.events);
      await holder.queue.claim('jobs', 'dead', never);
      await eventually(
        'claims are taken over',
        async () => (await other.queue.reclaim('jobs', 'other', 9))[0],
      );
      const jobId = await submit(holder.events);
      const claim = await holder.queue.claim('jobs', 'living', never);
      assert.equal(claim?.jobId, jobId);
      const turn = holder.queue.holdDirect(await startTurn(holder.events), 1);

      await admin.client('PAUSE', 2 * LEASE_MS, 'ALL');
      const looks = [other.queue.reclaim('jobs', 'other', 9), other.queue.lapsedDirect(9)];
      assert.deepEqual(await Promise.all(looks), [[], []]);
      await idleFor(admin, bus.keyPrefix, LEASE_MS);
      const [seconds] = await admin.time();
      const before = (Number(seconds) - 10) * 1000;
      const late = await runScript(admin, 'reclaim', [lane], ['gone', LEASE_MS, 9, before]);
      assert.deepEqual(late, [], 'carried out for one that asked before the standstill and is gone');
      const { leases } = openKeys(bus.keyPrefix);
      assert.deepEqual(await runScript(admin, 'lapsed', [leases], [9, before]), []);
      assert.equal(await turn.extend(), true);
      assert.deepEqual(await other.queue.lapsedDirect(9), []);
      assert.equal(await claim.extend(), true);
    } finally {
      admin.disconnect();
      await Promise.all([holder.close(), other.close()]);
    }
  });

  test(
    'a lapsed claim stays its living holder’s; a dead one’s is taken over a lease later',
    TIMEOUT,
    async () => {
      const bus = { keyPrefix: freshPrefix(redis), leaseMs: LEASE_MS };
      const [holder, other] = [await openBus(redis, bus), await openBus(redis, bus)];
      const admin = new Redis(redis.url);
      admin.on('error', () => undefined);
      try {
        const jobId = await submit(holder.events);
        const claim = await holder.queue.claim('jobs', 'living', never);
        const turn = holder.queue.holdDirect(await startTurn(holder.events), 1);
        await other.ping();
        await redis.kill();
        await new Promise((resolve) => setTimeout(resolve, LEASE_MS)); // what is tested is that time passes
        await redis.start();
        await idleFor(admin, bus.keyPrefix, LEASE_MS);

        const fresh = await openBus(redis, bus);
        try {
          const back = async (): Promise<readonly unknown[]> => other.queue.reclaim('jobs', 'other', 9);
          assert.deepEqual(await eventually('the other is back', back), [], 'not by who was away with Redis');
          assert.deepEqual(await other.queue.lapsedDirect(9), []);
          assert.deepEqual(await fresh.queue.lapsedDirect(9), []);
          assert.equal(await turn.extend(), true);
          assert.deepEqual(
            await fresh.queue.reclaim('jobs', 'fresh', 9),
            [],
            'not by who finds it just started',
          );
          assert.equal(await eventually('the holder is back', async () => claim?.extend()), true);
          const taken = await eventually('the holder is dead now', async () => {
            const claims = [...(await fresh.queue.reclaim('jobs', 'fresh', 9))];
            claims.push(...(await other.queue.reclaim('jobs', 'other', 9)));
            return claims[0];
          });
          assert.equal(taken.jobId, jobId);
          assert.equal(await claim?.extend(), false);
          const lapsed = await eventually('its turn has lapsed too', async () => {
            const found = await other.queue.lapsedDirect(9);
            return found.length > 0 && found;
          });
          assert.deepEqual(lapsed, [{ jobId: turn.jobId, attempt: 1 }]);
        } finally {
          await fresh.close();
        }
        await idleFor(admin, bus.keyPrefix, LEASE_MS);
        const late = await openBus(redis, bus);
        const atOnce = await late.queue.reclaim('jobs', 'late', 9);
        await late.close();
        assert.equal(atOnce[0]?.jobId, jobId, 'a Redis that was there all the time makes nobody wait');
      } finally {
        admin.disconnect();
        await Promise.all([holder.close(), other.close()]);
      }
    },
  );

  test('a reclaim that waited for Redis to come back takes nothing', TIMEOUT, async () => {
    const bus = { keyPrefix: freshPrefix(redis), leaseMs: 100 };
    const [holder, other] = [await openBus(redis, bus), await openBus(redis, { ...bus, leaseMs: 60_000 })];
    try {
      await submit(holder.events);
      await holder.queue.claim('jobs', 'living', never);
      await redis.kill();
      const reclaiming = other.queue.reclaim('jobs', 'other', 9);
      await redis.start();
      assert.deepEqual(await reclaiming, []);
    } finally {
      await Promise.all([holder.close(), other.close()]);
    }
  });
});

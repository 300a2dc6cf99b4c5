// After an absence of Redis every lease may have lapsed though its worker lives: the living extend theirs first.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Redis } from 'ioredis';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import { runScript } from '../../../src/adapters/redis/scripts.js';
import { isCode } from '../../../src/domain/errors.js';
import { eventually } from '../../support/eventually.js';
import { needsOwnRedis } from '../../support/install-redis.js';
import { startTurn, submit } from '../../support/ledger.js';
import { type OwnRedis, startOwnRedis } from '../../support/redis-server.js';
import { freshPrefix, openAdmin, openBus } from './redis-under-test.js';

/** Longer than all that a test waits for: what it did not get is said by whoever waited. */
const TIMEOUT = { timeout: 240_000 };
/** Longer than a busy machine stands still between two steps of a test. */
const LEASE_MS = 6000;
/** For a lease of this length Redis counts as standing still. */
const STANDSTILL_MS = LEASE_MS / 2;
const never = new AbortController().signal;
const passing = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A Redis for one test: they all wait for leases, and need not wait for each other. */
async function redisFor(t: TestContext): Promise<OwnRedis> {
  const redis = await startOwnRedis({ durable: true });
  t.after(() => redis.stop());
  return redis;
}

describe('claims after an absence of Redis', { ...needsOwnRedis, concurrency: true }, () => {
  /** Has a lease pass for the only claim of the lane, which nobody extended. */
  async function lapse(admin: Redis, keyPrefix: string): Promise<void> {
    const lane = openKeys(keyPrefix).lane('jobs');
    const [entry] = await admin.xpending(lane, 'workers', '-', '+', 1);
    assert.ok(Array.isArray(entry), 'a claim is held');
    const [id, worker] = entry.map(String);
    await admin.call('XCLAIM', lane, 'workers', worker ?? '', 0, id ?? '', 'IDLE', LEASE_MS, 'JUSTID');
  }

  /** The same for the only turn that runs where it came in. */
  async function lapseTurn(admin: Redis, keyPrefix: string, jobId: string): Promise<void> {
    const [seconds] = await admin.time();
    await admin.zadd(openKeys(keyPrefix).leases, 'XX', Number(seconds) * 1000, jobId);
  }

  test('a Redis that stood still lets nobody take what the living could not extend', TIMEOUT, async (t) => {
    const redis = await redisFor(t);
    const bus = { keyPrefix: freshPrefix(redis), leaseMs: LEASE_MS };
    const [holder, other] = [await openBus(redis, bus), await openBus(redis, bus)];
    const admin = openAdmin(redis);
    const lane = openKeys(bus.keyPrefix).lane('jobs');
    try {
      await submit(holder.events);
      await holder.queue.claim('jobs', 'dead', never);
      await lapse(admin, bus.keyPrefix);
      await eventually('claims are taken over', async () =>
        (await other.queue.reclaim('jobs', 'other', 9))[0]?.ack().then(() => true),
      );
      const jobId = await submit(holder.events);
      const claim = await holder.queue.claim('jobs', 'living', never);
      assert.equal(claim?.jobId, jobId);
      const turn = holder.queue.holdDirect(await startTurn(holder.events), 1);
      await lapse(admin, bus.keyPrefix);
      await lapseTurn(admin, bus.keyPrefix, turn.jobId);

      assert.ok(redis.signal('SIGSTOP'));
      const looks = Promise.allSettled([
        other.queue.reclaim('jobs', 'other', 9),
        other.queue.lapsedDirect(9),
      ]);
      await passing(STANDSTILL_MS + 500); // what is tested is that time passes
      redis.signal('SIGCONT');
      for (const look of await looks) {
        if (look.status === 'fulfilled') assert.deepEqual(look.value, []);
        else assert.ok(isCode(look.reason, 'BUS_UNREACHABLE'), 'it stood still for longer than one waits');
      }
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
      redis.signal('SIGCONT');
      admin.disconnect();
      await Promise.all([holder.close(), other.close()]);
    }
  });

  test(
    'a lapsed claim stays its living holder’s; a dead one’s is taken over a lease later',
    TIMEOUT,
    async (t) => {
      const redis = await redisFor(t);
      const bus = { keyPrefix: freshPrefix(redis), leaseMs: LEASE_MS };
      const [holder, other] = [await openBus(redis, bus), await openBus(redis, bus)];
      const admin = openAdmin(redis);
      try {
        const jobId = await submit(holder.events);
        const claim = await holder.queue.claim('jobs', 'living', never);
        const turn = holder.queue.holdDirect(await startTurn(holder.events), 1);
        await other.ping();
        await lapse(admin, bus.keyPrefix);
        await lapseTurn(admin, bus.keyPrefix, turn.jobId);
        await redis.kill();
        await redis.start();

        const fresh = await openBus(redis, bus);
        const back = async (): Promise<readonly unknown[]> => other.queue.reclaim('jobs', 'other', 9);
        assert.deepEqual(await eventually('the other is back', back), [], 'not by who was away with Redis');
        assert.deepEqual(await other.queue.lapsedDirect(9), []);
        assert.deepEqual(await fresh.queue.lapsedDirect(9), []);
        assert.equal(await eventually('the holder is back', () => turn.extend()), true);
        assert.deepEqual(
          await fresh.queue.reclaim('jobs', 'fresh', 9),
          [],
          'not by who finds it just started',
        );
        assert.equal(await claim?.extend(), true);
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
        await fresh.close();
        await lapse(admin, bus.keyPrefix);
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

  test(
    'a Redis that was up all the time, and serves only now, makes the new wait as well',
    TIMEOUT,
    async (t) => {
      const redis = await redisFor(t);
      const bus = { keyPrefix: freshPrefix(redis), leaseMs: LEASE_MS };
      const standby = await redisFor(t);
      const holder = await openBus(redis, bus);
      const [admin, spare] = [openAdmin(redis), openAdmin(standby)];
      try {
        const jobId = await submit(holder.events);
        await holder.queue.claim('jobs', 'living', never);
        await lapse(admin, bus.keyPrefix);
        await spare.replicaof('127.0.0.1', redis.port);
        await eventually('the standby knows the claim, and has been up for longer than a lease', async () => {
          const [, upS] = /^uptime_in_seconds:(\d+)/m.exec(await spare.info('server')) ?? [];
          const lane = openKeys(bus.keyPrefix).lane('jobs');
          const [entry] = await spare.xpending(lane, 'workers', '-', '+', 1);
          return Array.isArray(entry) && Number(entry[2]) >= LEASE_MS && Number(upS) * 1000 > LEASE_MS;
        });
        await redis.kill();
        await spare.replicaof('NO', 'ONE');
        const fresh = await openBus(standby, bus);
        assert.deepEqual(await fresh.queue.reclaim('jobs', 'fresh', 9), [], 'the living may not be back yet');
        const taken = await eventually(
          'a lease later',
          async () => (await fresh.queue.reclaim('jobs', 'f', 9))[0],
        );
        assert.equal(taken.jobId, jobId);
        await fresh.close();
        await lapse(spare, bus.keyPrefix);
        // A busy machine may take as long to connect as a Redis that loads its data: each that comes late is asked once.
        const late = await eventually(
          'it has served for long: whoever comes now may take at once',
          async () => {
            const one = await openBus(standby, bus);
            const [claim] = await one.queue.reclaim('jobs', 'late', 9);
            await one.close();
            return claim;
          },
        );
        assert.equal(late.jobId, jobId);
      } finally {
        admin.disconnect();
        spare.disconnect();
        await holder.close();
      }
    },
  );

  test('a reclaim that waited for Redis to come back takes nothing', TIMEOUT, async (t) => {
    const redis = await redisFor(t);
    const bus = { keyPrefix: freshPrefix(redis), leaseMs: 100 };
    const [holder, other] = [await openBus(redis, bus), await openBus(redis, { ...bus, leaseMs: 60_000 })];
    try {
      await submit(holder.events);
      await holder.queue.claim('jobs', 'living', never);
      const taken = await eventually('a reclaim waits until Redis is back', async () => {
        await redis.kill();
        const reclaiming = Promise.allSettled([other.queue.reclaim('jobs', 'other', 9)]);
        await redis.start();
        const [reclaimed] = await reclaiming;
        return reclaimed.status === 'fulfilled' && reclaimed.value;
      });
      assert.deepEqual(taken, []);
    } finally {
      await Promise.all([holder.close(), other.close()]);
    }
  });
});

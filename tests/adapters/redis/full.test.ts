// A Redis that takes nothing more, for want of memory or of disk: what is there is read, what runs keeps its claim,
// nothing is half written, and the keeper can make room.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import { trimJobs } from '../../../src/app/admin/trim-jobs.js';
import { isCode } from '../../../src/domain/errors.js';
import type { Bus } from '../../../src/ports/bus.js';
import { eventually } from '../../support/eventually.js';
import { needsOwnRedis } from '../../support/install-redis.js';
import { endAttempt, inFull, sha256, startAttempt, submit, transition } from '../../support/ledger.js';
import { type OwnRedis, startOwnRedis } from '../../support/redis-server.js';
import { mountSmallDisk, needsSmallDisk } from '../../support/small-disk.js';
import { ANSWER, makeWholeHistory } from '../../support/whole-history.js';
import { openBus } from './redis-under-test.js';

const TIMEOUT = { timeout: 60_000 };
const never = new AbortController().signal;
const PREFIX = 'full';

interface Scene {
  readonly redis: OwnRedis;
  readonly bus: Bus;
  readonly admin: Redis;
}

async function scene(t: TestContext, options: Parameters<typeof startOwnRedis>[0] = {}): Promise<Scene> {
  const redis = await startOwnRedis(options);
  const admin = new Redis(redis.url, { retryStrategy: () => 100, maxRetriesPerRequest: null });
  admin.on('error', () => {}); // it is killed now and then
  const bus = await openBus(redis, { keyPrefix: PREFIX });
  t.after(async () => {
    admin.disconnect();
    await bus.close();
    await redis.stop();
  });
  return { redis, bus, admin };
}

const takesNothing =
  (why: RegExp) =>
  (error: unknown): boolean =>
    isCode(error, 'BUS_UNREACHABLE') && why.test(String(error)) && !/cannot be reached/.test(String(error));

const fullOfMemory = takesNothing(
  /takes nothing more: OOM .+'maxmemory'; raise its maxmemory, or forget .+admin trim/,
);

describe('a Redis that has reached maxmemory', needsOwnRedis, () => {
  test('claims and starts nothing with an end that it refuses', TIMEOUT, async (t) => {
    const { bus, admin } = await scene(t);
    const jobId = await submit(bus.events);
    const waiting = await submit(bus.events);
    await bus.queue.claim('jobs', 'w', never);
    const started = await startAttempt(bus.events, jobId);
    const command = { type: 'EndAttempt', attempt: 1, outcome: { kind: 'succeeded' }, jitter: 0 } as const;
    const nextFor = { worker: 'w', start: { host: 'h', credential: 'c' } };
    const end = { ...transition(started, command), nextFor };
    await admin.config('SET', 'maxmemory', '1');
    await assert.rejects(bus.events.append(end), fullOfMemory);
    assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 1, running: 1 });
    assert.equal((await bus.events.load(waiting))?.job.status, 'queued');
    await admin.config('SET', 'maxmemory', '0');
    const result = await bus.events.append(end);
    assert.equal(result.kind === 'appended' && result.next?.started?.job.id, waiting);
  });

  test('refuses every transition whole, answers readers, and lets claims be extended', TIMEOUT, async (t) => {
    const { bus, admin } = await scene(t);
    const jobId = await submit(bus.events);
    const waiting = await submit(bus.events);
    const claim = await bus.queue.claim('jobs', 'w', never);
    assert.equal(claim?.jobId, jobId);
    await startAttempt(bus.events, jobId);
    const keys = openKeys(PREFIX);
    const dump = async () => [
      await admin.lrange(keys.ledger(jobId), 0, -1),
      await admin.get(keys.view(jobId)),
      await admin.xrange(keys.lane('jobs'), '-', '+'),
      await admin.dbsize(),
    ];
    const before = await dump();
    await admin.config('SET', 'maxmemory', '1');
    await assert.rejects(submit(bus.events), fullOfMemory);
    await assert.rejects(endAttempt(bus.events, jobId, { kind: 'succeeded' }), fullOfMemory);
    await assert.rejects(bus.ping(), fullOfMemory);
    assert.deepEqual(await dump(), before);
    assert.equal(await claim?.extend(), true);
    assert.equal((await bus.events.load(jobId))?.job.status, 'running');
    assert.equal((await bus.events.list({ limit: 5 })).jobs.length, 2);
    assert.equal((await bus.feed.read({ kind: 'job', jobId }, undefined, 5)).entries.length, 2);
    assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 1, running: 1 });
    await admin.config('SET', 'maxmemory', '0');
    await endAttempt(bus.events, jobId, { kind: 'succeeded' });
    assert.equal((await bus.queue.claim('jobs', 'w', never))?.jobId, waiting);
  });

  test('gets room by a trim, and by the removal of jobs', TIMEOUT, async (t) => {
    const { bus, admin } = await scene(t);
    const [trimmed, removed] = [await makeWholeHistory(bus), await makeWholeHistory(bus)];
    const before = inFull(await bus.events.load(trimmed));
    const keys = openKeys(PREFIX);
    await admin.config('SET', 'maxmemory', '1');
    assert.deepEqual(await trimJobs(bus, sha256, { jobId: trimmed }), [trimmed]);
    assert.equal(await admin.exists(keys.feed(trimmed), keys.whole(trimmed), keys.answer(trimmed)), 0);
    assert.deepEqual(inFull(await bus.events.load(trimmed)), before);
    assert.equal(await bus.events.answer(trimmed), ANSWER);
    await bus.events.remove(removed);
    assert.equal(await bus.events.load(removed), undefined);
    assert.deepEqual(await admin.keys(`*${removed}*`), []);
  });

  test('is trimmed also where a ledger was tampered with and cannot be packed', TIMEOUT, async (t) => {
    const { bus, admin } = await scene(t);
    const jobId = await makeWholeHistory(bus);
    const key = openKeys(PREFIX).ledger(jobId);
    const line = (await admin.lindex(key, 0)) ?? '';
    await admin.lset(key, 0, line.replace('make the test pass', 'make it fail'));
    await admin.config('SET', 'maxmemory', '1');
    assert.deepEqual(await trimJobs(bus, sha256, { jobId }), [jobId]);
    assert.equal((await bus.feed.read({ kind: 'job', jobId }, undefined, 100)).gap, true);
  });
});

describe('a Redis whose disk is full', { ...needsOwnRedis, ...needsSmallDisk }, () => {
  for (const durable of [true, 'everysec'] as const) {
    test(
      `and that syncs ${durable === true ? 'always' : durable} forgets nothing it has acknowledged, and takes more when there is room`,
      TIMEOUT,
      async (t) => {
        const disk = mountSmallDisk('8m');
        t.after(() => disk.remove());
        const { redis, bus, admin } = await scene(t, { durable, dir: disk.path });
        const accepted = [await submit(bus.events), await submit(bus.events)];
        disk.fill();
        await eventually('it takes no more', async () => {
          const jobId = await submit(bus.events, { order: { task: 'x'.repeat(3000) } }).catch(
            (error: unknown) => (isCode(error, 'BUS_UNREACHABLE') ? undefined : Promise.reject(error)),
          );
          if (jobId === undefined) return true;
          accepted.push(jobId);
          return false;
        });
        if (durable === 'everysec') {
          await assert.rejects(
            bus.ping(),
            takesNothing(/takes nothing more: MISCONF .+; make room on its disk/),
          );
          assert.equal((await bus.events.load(accepted[0] ?? ''))?.job.status, 'queued');
        }
        disk.free();
        // With `always` it has ended itself rather than promise what it cannot keep.
        if (durable === true) {
          await redis.kill();
          await redis.start();
        }
        await eventually('it takes something again', () =>
          bus.ping().then(
            () => true,
            () => false,
          ),
        );
        accepted.push(await submit(bus.events));
        for (const jobId of accepted)
          assert.equal((await bus.events.load(jobId))?.job.status, 'queued', `of ${accepted.length}`);
        assert.ok(await admin.ping());
      },
    );
  }
});

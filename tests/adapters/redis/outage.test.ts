// Redis away, at start or in the middle: said within seconds, and everything works again once it is back.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { isCode } from '../../../src/domain/errors.js';
import { TEXT_ONLY } from '../../../src/domain/visibility.js';
import type { Bus } from '../../../src/ports/bus.js';
import { eventually } from '../../support/eventually.js';
import { needsOwnRedis } from '../../support/install-redis.js';
import { submission, submit, transition } from '../../support/ledger.js';
import { type OwnRedis, startOwnRedis } from '../../support/redis-server.js';
import { openAdmin, openBus } from './redis-under-test.js';

/** Longer than all that a test waits for: what it did not get is said by whoever waited. */
const TIMEOUT = { timeout: 240_000 };
/** Less than a call waits for a lost connection. */
const SHORT_MS = 1_000;
const never = (): AbortSignal => new AbortController().signal;
const unreachable = (error: unknown): boolean => isCode(error, 'BUS_UNREACHABLE');

const CONVERSATION = { sessionId: 's', head: 'h', setup: 's', worker: 'w', thread: 't' };

/** Every method of every port, by name. */
const everything = (bus: Bus): Record<string, () => Promise<unknown>> => ({
  ping: () => bus.ping(),
  append: () => bus.events.append(submission()),
  load: () => bus.events.load('j'),
  read: () => bus.events.read('j'),
  answer: () => bus.events.answer('j'),
  request: () => bus.events.request('j'),
  list: () => bus.events.list({ limit: 5 }),
  count: () => bus.events.count('queued'),
  upkeepDue: () => bus.events.upkeepDue(0, 5),
  dropUpkeep: () => bus.events.dropUpkeep([{ jobId: 'j', filed: '1 0' }]),
  putOffUpkeep: () => bus.events.putOffUpkeep('j', 1, 2),
  remove: () => bus.events.remove('j'),
  claim: () => bus.queue.claim('jobs', 'w', never()),
  reclaim: () => bus.queue.reclaim('jobs', 'w', 5),
  promoteDue: () => bus.queue.promoteDue(5),
  depth: () => bus.queue.depth('jobs'),
  extendDirect: () => bus.queue.holdDirect('j', 1).extend(),
  lapsedDirect: () => bus.queue.lapsedDirect(5),
  forgetDead: () => bus.queue.forgetDead('jobs'),
  say: () => bus.transcript.append('j', 1, []),
  whole: () => bus.transcript.whole('j', 1, 1),
  feed: () => bus.feed.read({ kind: 'fleet' }, undefined, 5),
  watch: () => bus.feed.watch({ kind: 'fleet' }, () => undefined),
  beat: () => bus.registry.list(),
  askToDrain: () => bus.registry.askToDrain('w'),
  watchWorker: () => bus.registry.watch('w', () => undefined),
  leave: () => bus.registry.leave('w'),
  find: () => bus.conversations.find('c'),
  save: () => bus.conversations.save('c', CONVERSATION, 1000),
  forget: () => bus.conversations.forget('c'),
  visibility: () => bus.conversations.visibility('c'),
  setVisibility: () => bus.conversations.setVisibility('c', TEXT_ONLY),
  takeTurn: () => bus.conversations.takeTurn('c', 'j', 1000),
  extendTurn: () => bus.conversations.extendTurn('c', 'j', 1000),
  endTurn: () => bus.conversations.endTurn('c', 'j'),
  holder: () => bus.conversations.holder('c'),
  watchTurn: () => bus.conversations.watchTurn('c', () => undefined),
});

async function assertAllUnreachable(bus: Bus): Promise<void> {
  await Promise.all(
    Object.entries(everything(bus)).map(([name, call]) => assert.rejects(call, unreachable, name)),
  );
}

describe('Redis away', needsOwnRedis, () => {
  let redis: OwnRedis;
  before(async () => {
    redis = await startOwnRedis({ durable: true });
  });
  beforeEach(() => redis.start()); // a test that failed may have left it away
  after(() => redis.stop());

  test('at start: the bus opens, refuses everything, and works once Redis is there', TIMEOUT, async () => {
    await redis.kill();
    const bus = await openBus(redis);
    try {
      await assertAllUnreachable(bus);
      await assert.rejects(bus.ping(), /ECONNREFUSED/);
      await redis.start();
      await eventually('the bus answers', () => bus.ping().then(() => true));
      const jobId = await submit(bus.events);
      assert.equal((await bus.queue.claim('jobs', 'w', never()))?.jobId, jobId);
    } finally {
      await bus.close();
    }
  });

  test('killed and restarted: nothing accepted is lost, claims and watches go on', TIMEOUT, async () => {
    const facts: string[] = [];
    const bus = await openBus(redis, { log: (fact) => facts.push(fact) });
    let stop = false;
    try {
      const jobId = await submit(bus.events);
      const claim = await bus.queue.claim('jobs', 'w', never());
      let rings = 0;
      await bus.feed.watch({ kind: 'fleet' }, () => {
        rings += 1;
      });
      const accepted: string[] = [];
      const submitting = (async () => {
        while (!stop)
          await submit(bus.events).then(
            (id) => accepted.push(id),
            () => undefined,
          );
      })();
      await eventually('some are accepted', () => accepted.length > 20);
      const waiting = assert.rejects(bus.queue.claim('idle', 'w', never()), unreachable);
      await redis.kill();
      await waiting;
      // Until then a reclaim that may not take anything over yet has nothing to ask Redis.
      await eventually('the loss is noticed', () => facts.includes('bus.lost'));
      await assertAllUnreachable(bus);
      stop = true;
      await submitting;

      const before = rings;
      await redis.start();
      await eventually('the watcher is rung for the time away', () => rings > before);
      await eventually('the bus answers', () => bus.ping().then(() => true));
      for (const id of [jobId, ...accepted]) assert.ok(await bus.events.load(id), 'an accepted job is there');
      assert.equal(await claim?.extend(), true);
      const rung = rings;
      await submit(bus.events);
      await eventually('the watch is active again', () => rings > rung);
      // More than once where the machine stood still.
      assert.match(facts.join(' '), /^bus\.connected( bus\.lost bus\.connected)+$/);
    } finally {
      stop = true; // a closed bus refuses at once: the loop would never let go
      await bus.close();
    }
  });

  test('a short restart is waited for: no call fails', TIMEOUT, async () => {
    let connectedAt = 0;
    const bus = await openBus(redis, {
      log: (fact) => {
        if (fact === 'bus.connected') connectedAt = performance.now();
      },
    });
    try {
      await bus.ping();
      const ended = await eventually('a restart is a short one', async () => {
        await redis.kill();
        const askedAt = performance.now();
        const calls = Promise.allSettled([submit(bus.events), bus.events.count('queued'), bus.ping()]);
        await redis.start();
        const settled = await calls;
        await eventually('the bus answers', () => bus.ping().then(() => true));
        return connectedAt - askedAt < SHORT_MS && settled;
      });
      assert.deepEqual(
        ended.filter(({ status }) => status === 'rejected'),
        [],
      );
    } finally {
      await bus.close();
    }
  });

  test('a claim given up while Redis is away ends at once', TIMEOUT, async () => {
    const bus = await openBus(redis);
    try {
      await redis.kill();
      const stop = new AbortController();
      const claiming = bus.queue.claim('jobs', 'w', stop.signal);
      stop.abort();
      assert.equal(await claiming, undefined);
    } finally {
      await bus.close();
    }
  });

  test('a Redis that is full or read-only is unreachable for writes, with the reason', TIMEOUT, async () => {
    const bus = await openBus(redis);
    const admin = openAdmin(redis);
    try {
      const first = submission();
      await bus.events.append(first);
      await admin.config('SET', 'maxmemory', '1');
      await assert.rejects(
        submit(bus.events),
        (error) => unreachable(error) && /takes nothing more: OOM.+maxmemory/.test(String(error)),
      );
      await admin.config('SET', 'maxmemory', '0');
      await admin.replicaof('127.0.0.1', 1);
      await assert.rejects(
        submit(bus.events),
        (error) => unreachable(error) && /READONLY/.test(String(error)),
      );
      await admin.replicaof('NO', 'ONE');
      await eventually('it accepts again', () => submit(bus.events));
      const next = transition(first.after, { type: 'RequestCancel', by: 'somebody' });
      assert.deepEqual(await bus.events.append(next), { kind: 'appended' });
    } finally {
      admin.disconnect();
      await bus.close();
    }
  });

  test('what is not ours under a key of ours is told, with the key', TIMEOUT, async () => {
    const bus = await openBus(redis, { keyPrefix: 'broken' });
    const admin = openAdmin(redis);
    const corrupt =
      (key: RegExp) =>
      (error: unknown): boolean =>
        isCode(error, 'BUS_CORRUPT') && key.test(String(error));
    try {
      await admin.set('{broken}:job:j:events', 'no list');
      await admin.set('{broken}:dead', 'no stream');
      await assert.rejects(bus.events.append(submission({ jobId: 'j' })), corrupt(/WRONGTYPE/));
      await assert.rejects(bus.events.read('j'), corrupt(/\{broken\}:job:j:events.* REDIS_KEY_PREFIX/));
      await assert.rejects(bus.deadLetters.count(), corrupt(/\{broken\}:dead.* REDIS_KEY_PREFIX/));
    } finally {
      admin.disconnect();
      await bus.close();
    }
  });
});

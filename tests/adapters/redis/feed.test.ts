// What the contract cannot see from outside: feeds that were trimmed say so.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import { isCode } from '../../../src/domain/errors.js';
import type { FeedName } from '../../../src/ports/feed.js';
import { endAttempt, startAttempt, submit } from '../../support/ledger.js';
import { startRedis, type TestRedis } from '../../support/redis-server.js';
import { freshPrefix, openAdmin, openBus } from './redis-under-test.js';

describe('feeds on Redis', () => {
  let redis: TestRedis;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis.stop());

  test('a reader whose cursor was trimmed away is told of the gap', { timeout: 30_000 }, async () => {
    const keyPrefix = freshPrefix(redis);
    const bus = await openBus(redis, { keyPrefix });
    const admin = openAdmin(redis);
    try {
      const jobId = await submit(bus.events);
      await startAttempt(bus.events, jobId);
      for (let seq = 1; seq <= 8; seq += 1) {
        await bus.transcript.append(jobId, 1, [{ seq, kind: 'message', type: 'assistant', data: '{}' }]);
      }
      const feed: FeedName = { kind: 'job', jobId };
      const { entries } = await bus.feed.read(feed, undefined, 99);
      const cursor = (nth: number) => entries[nth]?.cursor;
      await admin.xtrim(`{${keyPrefix}}:job:${jobId}:feed`, 'MAXLEN', 4);

      const kept = [...entries.slice(0, 2), ...entries.slice(6)];
      for (const from of [undefined, '0-0'])
        assert.deepEqual(await bus.feed.read(feed, from, 4), { entries: kept.slice(0, 4), gap: true });
      assert.deepEqual(await bus.feed.read(feed, cursor(0), 2), { entries: kept.slice(1, 3), gap: true });
      assert.deepEqual(await bus.feed.read(feed, cursor(4), 2), { entries: kept.slice(2, 4), gap: true });
      for (const nth of [6, 8, 9]) {
        const rest = { entries: entries.slice(nth + 1), gap: false };
        assert.deepEqual(await bus.feed.read(feed, cursor(nth), 99), rest);
      }
      assert.deepEqual(await bus.feed.read(feed, '9999999999999-0', 9), { entries: [], gap: false });
      await assert.rejects(bus.feed.read(feed, '(1', 9), (error) => isCode(error, 'INVALID_REQUEST'));
    } finally {
      admin.disconnect();
      await bus.close();
    }
  });

  test('what was said is a gap once all of it is gone, until the reader is behind it', {
    timeout: 30_000,
  }, async () => {
    const keyPrefix = freshPrefix(redis);
    const bus = await openBus(redis, { keyPrefix });
    const admin = openAdmin(redis);
    const nothing = (gap: boolean) => ({ entries: [], gap });
    try {
      const jobId = await submit(bus.events);
      await startAttempt(bus.events, jobId);
      for (const seq of [1, 2])
        await bus.transcript.append(jobId, 1, [{ seq, kind: 'message', type: 'assistant', data: '{}' }]);
      await endAttempt(bus.events, jobId, { kind: 'succeeded' });
      const feed: FeedName = { kind: 'job', jobId };
      const { entries } = await bus.feed.read(feed, undefined, 9);
      const [first, start, , said, end] = entries;
      assert.ok(first && start && said && end);

      const stream = `{${keyPrefix}}:job:${jobId}:feed`;
      for (const lose of [() => admin.xtrim(stream, 'MAXLEN', 0), () => admin.del(stream)]) {
        await lose();
        const from = await bus.feed.read(feed, undefined, 9);
        assert.deepEqual(from, { entries: [first, start, end], gap: true });
        assert.deepEqual(await bus.feed.read(feed, start.cursor, 9), { entries: [end], gap: true });
        assert.deepEqual(await bus.feed.read(feed, said.cursor, 9), { entries: [end], gap: false });
        assert.deepEqual(await bus.feed.read(feed, end.cursor, 9), nothing(false));
      }

      await bus.events.remove(jobId);
      assert.deepEqual(await bus.feed.read(feed, undefined, 9), nothing(false));
      assert.deepEqual(await bus.feed.read(feed, end.cursor, 9), nothing(true));
      assert.deepEqual(await bus.feed.read({ kind: 'job', jobId: 'none' }, undefined, 9), nothing(false));
    } finally {
      admin.disconnect();
      await bus.close();
    }
  });

  test('the beginning of the fleet stream goes, and the events of removed jobs: readers are told of a gap', {
    timeout: 60_000,
  }, async () => {
    const keyPrefix = freshPrefix(redis);
    const bus = await openBus(redis, { keyPrefix });
    const admin = openAdmin(redis);
    const fleet: FeedName = { kind: 'fleet' };
    const keys = openKeys(keyPrefix);
    const read = (after?: string, limit = 99) => bus.feed.read(fleet, after, limit);
    try {
      const early = await submit(bus.events);
      await Promise.all(Array.from({ length: 60 }, () => submit(bus.events)));
      await startAttempt(bus.events, early);
      const { entries } = await read();
      assert.equal(entries.length, 62);
      const [first, second] = entries;
      await bus.events.remove(early);
      const reached = entries.at(-1)?.cursor;
      assert.deepEqual(await read(), { entries: entries.slice(1, -1), gap: true, reached });
      assert.deepEqual(await read(undefined, 1), { entries: [second], gap: true });
      assert.deepEqual(await read(entries.at(-2)?.cursor), { entries: [], gap: true, reached });
      assert.deepEqual(await read(reached), { entries: [], gap: false });

      const damaged: string = JSON.parse(second?.data ?? '').jobId;
      await admin.lset(keys.ledger(damaged), 0, '1-0 {broken');
      assert.deepEqual((await read(undefined, 3)).entries, entries.slice(2, 5), 'others are read on');

      await admin.xtrim(keys.fleet, 'MAXLEN', 2);
      const [next] = (await read()).entries;
      assert.equal((await read(first?.cursor)).gap, true);
      assert.equal((await read(next?.cursor)).entries.length + 1, (await read()).entries.length);
    } finally {
      admin.disconnect();
      await bus.close();
    }
  });
});

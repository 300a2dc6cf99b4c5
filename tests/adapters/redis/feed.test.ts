// What the contract cannot see from outside: feeds that were trimmed say so.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { isCode } from '../../../src/domain/errors.js';
import type { FeedName } from '../../../src/ports/feed.js';
import { startAttempt, submit } from '../../support/ledger.js';
import { startRedis, type TestRedis } from '../../support/redis-server.js';
import { freshPrefix, openBus } from './redis-under-test.js';

describe('feeds on Redis', () => {
  let redis: TestRedis;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis.stop());

  test('a reader whose cursor was trimmed away is told of the gap', { timeout: 30_000 }, async () => {
    const keyPrefix = freshPrefix(redis);
    const bus = await openBus(redis, { keyPrefix });
    const admin = new Redis(redis.url);
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

      for (const from of [undefined, '0-0', cursor(0), cursor(4)]) {
        assert.deepEqual(await bus.feed.read(feed, from, 2), { entries: entries.slice(6, 8), gap: true });
      }
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

  test('a feed that was trimmed whole is a gap, until the reader has its last entry', {
    timeout: 30_000,
  }, async () => {
    const keyPrefix = freshPrefix(redis);
    const bus = await openBus(redis, { keyPrefix });
    const admin = new Redis(redis.url);
    const nothing = (gap: boolean) => ({ entries: [], gap });
    try {
      const jobId = await submit(bus.events);
      await startAttempt(bus.events, jobId);
      const feed: FeedName = { kind: 'job', jobId };
      const [first, last] = (await bus.feed.read(feed, undefined, 9)).entries;
      const stream = `{${keyPrefix}}:job:${jobId}:feed`;

      await admin.xtrim(stream, 'MAXLEN', 0);
      assert.deepEqual(await bus.feed.read(feed, undefined, 9), nothing(true));
      assert.deepEqual(await bus.feed.read(feed, first?.cursor, 9), nothing(true));
      assert.deepEqual(await bus.feed.read(feed, last?.cursor, 9), nothing(false));

      // With the stream goes the knowledge which entry was the last.
      await admin.del(stream);
      for (const cursor of [undefined, '0-0', first?.cursor, last?.cursor])
        assert.deepEqual(await bus.feed.read(feed, cursor, 9), nothing(true));

      await bus.events.remove(jobId);
      assert.deepEqual(await bus.feed.read(feed, undefined, 9), nothing(false));
      assert.deepEqual(await bus.feed.read(feed, last?.cursor, 9), nothing(true));
      assert.deepEqual(await bus.feed.read({ kind: 'job', jobId: 'none' }, undefined, 9), nothing(false));
    } finally {
      admin.disconnect();
      await bus.close();
    }
  });
});

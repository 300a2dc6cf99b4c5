// A crowd of readers on one process over Redis: what it costs, that nobody misses or repeats a frame, that all is let go;
// and readers whose place in the feed is no longer kept.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { openRedisBus } from '../../../src/adapters/redis/open-redis-bus.js';
import { trimJobs } from '../../../src/app/admin/trim-jobs.js';
import { compileSchema } from '../../../src/runtime/schema.js';
import { eventually } from '../../support/eventually.js';
import { needsOwnRedis } from '../../support/install-redis.js';
import { endAttempt, sha256, startAttempt, submit } from '../../support/ledger.js';
import { type OwnRedis, startOwnRedis } from '../../support/redis-server.js';
import { say } from './lively-job.js';
import { readAllEvents, readEvents } from './sse-reader.js';
import { startTestServer } from './test-server.js';

const TIMEOUT = { timeout: 120_000 };
const checkEvent = compileSchema('event');

interface Scope {
  after(done: () => Promise<void>): void;
}

describe('a gateway on Redis', needsOwnRedis, () => {
  let redis: OwnRedis;
  let admin: Redis;
  before(async () => {
    redis = await startOwnRedis();
    admin = new Redis(redis.url);
  });
  after(async () => {
    admin.disconnect();
    await redis.stop();
  });

  const reads = async (): Promise<number> =>
    Number(/cmdstat_xrange:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? 0);

  async function startGateway(t: Scope) {
    const keyPrefix = `gateway-${randomUUID().slice(0, 8)}`;
    const bus = await openRedisBus({ url: redis.url, keyPrefix, leaseMs: 600_000, consumer: keyPrefix });
    const server = await startTestServer(t, {
      // The file bus underneath is closed with the server.
      wrapBus: (plain) => ({
        ...bus,
        close: async () => void (await Promise.all([bus.close(), plain.close()])),
      }),
    });
    const connections = async (): Promise<readonly string[]> =>
      String(await admin.client('LIST'))
        .split('\n')
        .filter((line) => line.includes(`name=agenticore:${keyPrefix}`));
    const channels = async (): Promise<number> =>
      ((await admin.pubsub('CHANNELS', `{${keyPrefix}}*`)) as unknown[]).length;
    return {
      ...server,
      connections,
      channels,
      feedKey: (jobId: string) => `{${keyPrefix}}:job:${jobId}:feed`,
    };
  }

  test(
    '1,000 readers share one subscriber, get every frame once in order, and leave nothing',
    TIMEOUT,
    async (t) => {
      const { url, bus, connections, channels } = await startGateway(t);
      const jobIds = await Promise.all(Array.from({ length: 10 }, () => submit(bus.events)));
      const readers = Array.from({ length: 1_000 }, (_, n) => {
        const jobId = jobIds[n % 10] ?? '';
        return { jobId, ...readEvents(`${url}/jobs/${jobId}/events`) };
      });
      await eventually('all are served', () => readers.every(({ frames }) => frames.length === 1), 60_000);
      const open = await connections();
      assert.equal(open.filter((line) => / sub=[1-9]/.test(line)).length, 1);
      assert.ok(open.length <= 3, `${open.length} connections to Redis`);
      assert.equal(await channels(), 11, 'theirs, and the one of the fleet');

      const earlier = await reads();
      for (const jobId of jobIds) await startAttempt(bus.events, jobId);
      for (let seq = 1; seq <= 10; seq += 1) await Promise.all(jobIds.map((jobId) => say(bus, jobId, seq)));
      const [gone, staying] = [readers.slice(0, 300), readers.slice(300)];
      for (const { socket } of gone) socket.destroy();
      for (let seq = 11; seq <= 20; seq += 1) await Promise.all(jobIds.map((jobId) => say(bus, jobId, seq)));
      const ended = jobIds.slice(0, 9);
      for (const jobId of ended) await endAttempt(bus.events, jobId, { kind: 'succeeded' });
      const isOver = (jobId: string): boolean => ended.includes(jobId);
      await eventually(
        'all frames came',
        () =>
          staying.every(
            ({ jobId, frames, closed }) =>
              frames.length === (isOver(jobId) ? 24 : 22) && closed() === isOver(jobId),
          ),
        60_000,
      );
      const asked = (await reads()) - earlier;
      assert.ok(asked < 2_000, `Redis was read ${asked} times for 16,000 frames`);
      for (const jobId of jobIds) {
        const stored = (await bus.feed.read({ kind: 'job', jobId }, undefined, 64)).entries.map(
          ({ cursor }) => cursor,
        );
        const ids = isOver(jobId) ? [...stored, `${stored.at(-1)}.end`] : stored;
        for (const reader of staying)
          if (reader.jobId === jobId)
            assert.deepEqual(
              reader.frames.map(({ id }) => id),
              ids,
            );
      }
      await eventually('only the last job is followed', async () => (await channels()) === 2);
      for (const { socket } of staying) socket.destroy();
      await eventually('nothing is followed', async () => (await channels()) === 0);
      assert.ok((await connections()).length <= 3);
    },
  );

  test(
    'a place that was trimmed away gives a gap, then the oldest entry kept, then what happens',
    TIMEOUT,
    async (t) => {
      const { url, bus, feedKey } = await startGateway(t);
      const jobId = await submit(bus.events);
      await startAttempt(bus.events, jobId);
      for (let seq = 1; seq <= 6; seq += 1) await say(bus, jobId, seq);
      const { entries } = await bus.feed.read({ kind: 'job', jobId }, undefined, 64);
      await admin.xtrim(feedKey(jobId), 'MAXLEN', 3);
      const [first, start] = entries;
      assert.ok(first && start);
      const kept = entries.slice(-3).map(({ cursor }) => cursor);
      const address = `${url}/jobs/${jobId}/events`;
      const place = start.cursor;
      const readers = [readEvents(address, { 'Last-Event-ID': place }), readEvents(address)];
      // Who begins before the events, which are always kept, gets them behind the gap.
      const before = [[], [first.cursor, place]];
      const frameOf = (n: number, nth: number): number => (before[n]?.length ?? 0) + nth;
      for (const [n, reader] of readers.entries())
        await reader.until('what is kept', (frames) => frames.length === frameOf(n, 4));
      await say(bus, jobId, 7);
      for (const [n, reader] of readers.entries())
        await reader.until('what happens', (frames) => frames.length === frameOf(n, 5));
      await endAttempt(bus.events, jobId, { kind: 'succeeded' });
      for (const [n, { frames, closed }] of readers.entries()) {
        await eventually('the end', closed);
        const types = n === 0 ? [] : ['JobSubmitted', 'AttemptStarted'];
        assert.deepEqual(
          frames.map(({ event }) => event),
          ['gap', ...types, 'assistant', 'assistant', 'assistant', 'assistant', 'JobSucceeded', 'end'],
        );
        const gap = JSON.parse(frames[0]?.data ?? '');
        assert.deepEqual(gap, { after: n === 0 ? place : null, next: n === 0 ? kept[0] : first.cursor });
        assert.deepEqual(checkEvent(gap), []);
        assert.equal(frames[0]?.id, undefined);
        assert.deepEqual(
          frames.slice(1, frameOf(n, 4)).map(({ id }) => id),
          [...(before[n] ?? []), ...kept],
        );
      }
    },
  );

  test('a feed whose messages are gone whole gives a gap, what is kept and the end', TIMEOUT, async (t) => {
    const { url, bus, feedKey } = await startGateway(t);
    const jobId = await submit(bus.events);
    await startAttempt(bus.events, jobId);
    const place = (await bus.feed.read({ kind: 'job', jobId }, undefined, 64)).entries.at(-1)?.cursor ?? '';
    await say(bus, jobId, 1);
    await endAttempt(bus.events, jobId, { kind: 'succeeded' });
    const { entries } = await bus.feed.read({ kind: 'job', jobId }, undefined, 64);
    await admin.del(feedKey(jobId));
    const address = `${url}/jobs/${jobId}/events`;
    for (const after of [place, null]) {
      const { frames } = await readAllEvents(address, after === null ? {} : { 'Last-Event-ID': after });
      assert.deepEqual(
        frames.map(({ event }) => event),
        ['gap', ...(after === null ? ['JobSubmitted', 'AttemptStarted'] : []), 'JobSucceeded', 'end'],
      );
      const next = (after === null ? entries[0] : entries.at(-1))?.cursor;
      assert.deepEqual(JSON.parse(frames[0]?.data ?? ''), { after, next });
      const end = frames.at(-1);
      assert.deepEqual(JSON.parse(end?.data ?? ''), { job_id: jobId, status: 'succeeded' });
      const done = await fetch(address, { headers: { 'last-event-id': end?.id ?? '' } });
      assert.equal(done.status, 204);
    }
  });

  test('a job whose talk was forgotten gives a gap, its events and the end', TIMEOUT, async (t) => {
    const { url, bus } = await startGateway(t);
    const jobId = await submit(bus.events);
    await startAttempt(bus.events, jobId);
    for (let seq = 1; seq <= 3; seq += 1) await say(bus, jobId, seq);
    await endAttempt(bus.events, jobId, { kind: 'succeeded' });
    const whole = await readAllEvents(`${url}/jobs/${jobId}/events`);
    assert.deepEqual(await trimJobs(bus, sha256, { jobId }), [jobId]);

    const { frames } = await readAllEvents(`${url}/jobs/${jobId}/events`);
    assert.deepEqual(
      frames.map(({ event }) => event),
      ['gap', 'JobSubmitted', 'AttemptStarted', 'JobSucceeded', 'end'],
    );
    assert.deepEqual(
      frames.slice(1),
      whole.frames.filter(({ event }) => event !== 'assistant'),
    );
    for (const [place, events] of [
      [2, ['gap', 'JobSucceeded', 'end']],
      [4, ['JobSucceeded', 'end']],
      [5, ['end']],
    ] as const) {
      const rest = await readAllEvents(`${url}/jobs/${jobId}/events`, {
        'Last-Event-ID': whole.frames[place]?.id ?? '',
      });
      assert.deepEqual(
        rest.frames.map(({ event }) => event),
        events,
      );
    }
  });
});

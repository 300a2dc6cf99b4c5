// Many readers on one process: they share reads of Redis and one subscriber, whatever comes, goes and breaks meanwhile.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { openConnection } from '../../../src/adapters/redis/connection.js';
import { createDoorbell } from '../../../src/adapters/redis/doorbell.js';
import { createFeed } from '../../../src/adapters/redis/feed.js';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import type { Bus } from '../../../src/ports/bus.js';
import type { FeedName } from '../../../src/ports/feed.js';
import { eventually } from '../../support/eventually.js';
import { needsOwnRedis } from '../../support/install-redis.js';
import { startAttempt, submit } from '../../support/ledger.js';
import { startOwnRedis } from '../../support/redis-server.js';
import { freshPrefix, openBus, useRedis } from './redis-under-test.js';

const TIMEOUT = { timeout: 60_000 };
const ofJob = (jobId: string): FeedName => ({ kind: 'job', jobId });
const say = (bus: Bus, jobId: string, seq: number) =>
  bus.transcript.append(jobId, 1, [{ seq, kind: 'message', type: 'assistant', data: `{"seq":${seq}}` }]);

describe('many readers on one process', needsOwnRedis, () => {
  const own = useRedis(startOwnRedis);

  /** A bus of one's own, and what it has open. */
  async function withBus(body: (bus: Bus, keyPrefix: string) => Promise<void>): Promise<void> {
    const keyPrefix = freshPrefix(own.server);
    const bus = await openBus(own.server, { keyPrefix, consumer: keyPrefix });
    try {
      await body(bus, keyPrefix);
    } finally {
      await bus.close();
    }
  }

  const connections = async (consumer: string): Promise<readonly string[]> =>
    String(await own.admin.client('LIST'))
      .split('\n')
      .filter((line) => line.includes(`name=agenticore:${consumer}`));
  const idOf = (line: string): string => / ?id=(\d+)/.exec(line)?.[1] ?? '';
  const reads = async (): Promise<number> =>
    Number(/cmdstat_xrange:calls=(\d+)/.exec(await own.admin.info('commandstats'))?.[1] ?? 0);
  const channels = (keyPrefix: string): Promise<unknown> => own.admin.pubsub('CHANNELS', `{${keyPrefix}}*`);

  test('readers at one place share one read of Redis, those elsewhere get their own', TIMEOUT, () =>
    withBus(async (bus) => {
      const jobId = await submit(bus.events);
      await startAttempt(bus.events, jobId);
      for (let seq = 1; seq <= 5; seq += 1) await say(bus, jobId, seq);
      const { entries } = await bus.feed.read(ofJob(jobId), undefined, 64);
      const earlier = await reads();
      const pages = await Promise.all(
        Array.from({ length: 500 }, (_, n) => bus.feed.read(ofJob(jobId), entries[n % 2]?.cursor, 64)),
      );
      for (const [n, page] of pages.entries())
        assert.deepEqual(page, { entries: entries.slice((n % 2) + 1), gap: false });
      const TWO_SCRIPTS = 2 * 2; // each looks at the first entry, and then reads on
      assert.equal((await reads()) - earlier, TWO_SCRIPTS);
    }),
  );

  test('nobody joins a read that was carried out before', TIMEOUT, () =>
    withBus(async (bus, keyPrefix) => {
      const jobId = await submit(bus.events);
      const connection = openConnection({
        url: own.server.url,
        name: 'held',
        answerMs: 5_000,
        failFast: true,
      });
      let carriedOut = 0;
      let letGo = (): void => {};
      const held = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const doorbell = createDoorbell({
        open: () => connection,
        reader: connection,
        keys: openKeys(keyPrefix),
      });
      const feed = createFeed(
        {
          ...connection,
          async ask(send) {
            const reply = await connection.ask(send);
            carriedOut += 1;
            await held;
            return reply;
          },
        },
        doorbell,
        openKeys(keyPrefix),
      );
      try {
        const early = feed.read(ofJob(jobId), undefined, 64);
        await eventually('Redis answered', () => carriedOut === 1);
        await startAttempt(bus.events, jobId);
        const late = feed.read(ofJob(jobId), undefined, 64);
        letGo();
        assert.equal((await early).entries.length, 1);
        assert.equal((await late).entries.length, 2);
      } finally {
        await connection.close();
      }
    }),
  );

  test('a watch that begins as the last one ends is rung', TIMEOUT, () =>
    withBus(async (bus, keyPrefix) => {
      const names = Array.from({ length: 20 }, (_, n) => `job-${n}`);
      const bells = names.map(() => ({ rings: 0, leave: () => {} }));
      // Each channel changes hands again and again: the old watch ends in the same turn, before, or after the new begins.
      await Promise.all(
        names.map(async (name, n) => {
          const bell = bells[n] ?? { rings: 0, leave: () => {} };
          for (let turn = 0; turn < 50; turn += 1) {
            const ring = (): void => {
              bell.rings += 1;
            };
            const before = bell.leave;
            if (turn % 3 === 0) before();
            const next = bus.feed.watch(ofJob(name), ring);
            if (turn % 3 === 1) before();
            bell.leave = await next;
            if (turn % 3 === 2) before();
          }
        }),
      );
      for (const bell of bells) bell.rings = 0;
      for (const name of names) await own.admin.publish(`{${keyPrefix}}:bell:job:${name}`, '');
      await eventually('each is rung', () => bells.every(({ rings }) => rings > 0));
      assert.deepEqual(
        bells.map(({ rings }) => rings),
        names.map(() => 1),
      );
      for (const { leave } of bells) leave();
      await eventually('nobody is subscribed', async () => String(await channels(keyPrefix)) === '');
    }),
  );

  test(
    'a lost subscriber comes back with 1,000 channels: each is rung for the time away, and rung again',
    TIMEOUT,
    () =>
      withBus(async (bus, keyPrefix) => {
        const rings = new Map<string, number>();
        const names = Array.from({ length: 1_000 }, (_, n) => `job-${n}`);
        await Promise.all(
          names.map((name) => bus.feed.watch(ofJob(name), () => rings.set(name, (rings.get(name) ?? 0) + 1))),
        );
        assert.equal(
          ((await channels(keyPrefix)) as unknown[]).length,
          1_001,
          'theirs, and the one of the fleet',
        );
        const subscriber = (await connections(keyPrefix)).find((line) => line.includes(':bell')) ?? '';
        await own.admin.client('KILL', 'ID', idOf(subscriber));
        await eventually('all were rung', () => rings.size === 1_000);
        rings.clear();
        for (const name of names) await own.admin.publish(`{${keyPrefix}}:bell:job:${name}`, '');
        await eventually('all are rung again', () => rings.size === 1_000);
      }),
  );

  test(
    'after an outage nobody is rung before the connection they read with is back as well',
    TIMEOUT,
    async () => {
      const open = (name: string) =>
        openConnection({ url: own.server.url, name, answerMs: 5_000, failFast: true });
      const [reader, subscriber] = [open('reader'), open('subscriber')];
      const keys = openKeys(freshPrefix(own.server));
      const doorbell = createDoorbell({ open: () => subscriber, reader, keys });
      const rings = { away: 0, other: 0 };
      try {
        await Promise.all([reader, subscriber].map(({ ask }) => ask((redis) => redis.ping())));
        await doorbell.watch('away', () => {
          rings.away += 1;
        });
        await doorbell.watch('other', () => {
          rings.other += 1;
        });
        reader.redis.disconnect();
        await eventually('the reader is away', () => reader.redis.status === 'end');
        const lost = once(subscriber.redis, 'close');
        subscriber.redis.disconnect(true);
        await lost;
        rings.other = 0;
        await eventually('the subscriber is back', async () => {
          await own.admin.publish('other', '');
          return rings.other > 0;
        });
        assert.equal(rings.away, 0);
        await reader.redis.connect();
        await eventually('all are rung', () => rings.away === 1);
      } finally {
        await doorbell.close();
        await reader.close();
      }
    },
  );
});

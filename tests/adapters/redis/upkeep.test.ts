// Upkeep on Redis: by several processes at once, and of what a version before this one has noted down.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { sha256 } from '../../../src/adapters/host/sha256.js';
import { systemClock } from '../../../src/adapters/host/system-clock.js';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import { upkeepLoop } from '../../../src/app/loops/upkeep.js';
import type { Bus } from '../../../src/ports/bus.js';
import { eventually } from '../../support/eventually.js';
import { carryOut, endAttempt, startAttempt, submit } from '../../support/ledger.js';
import { freshPrefix, openBus, useRedis } from './redis-under-test.js';

const TIMEOUT = { timeout: 60_000 };
const HOUR = 3_600_000;
const GOOD = { kind: 'succeeded' } as const;

describe('upkeep on Redis', () => {
  const own = useRedis();
  let bus: Bus;
  let keyPrefix: string;

  beforeEach(async () => {
    keyPrefix = freshPrefix(own.server);
    bus = await openBus(own.server, { keyPrefix });
  });

  /** Keeps up with so many processes until the probe is true; time stands still at `now`. */
  async function keepUp(processes: number, now: number, probe: () => Promise<boolean>): Promise<void> {
    const stop = new AbortController();
    const clock = {
      ...systemClock,
      now: () => now,
      sleep: (_ms: number, signal: AbortSignal) => systemClock.sleep(5, signal),
    };
    const buses = await Promise.all(
      Array.from({ length: processes }, () => openBus(own.server, { keyPrefix })),
    );
    const loops = buses.map((one) => {
      const deps = { clock, hash: sha256, log: () => {}, directories: { remove: async () => {} } };
      return upkeepLoop(
        { ...deps, events: one.events, bus: one } as unknown as Parameters<typeof upkeepLoop>[0],
        stop.signal,
      );
    });
    try {
      await eventually('upkeep has done it', probe);
    } finally {
      stop.abort();
      await Promise.all(loops);
      await Promise.all(buses.map((one) => one.close()));
    }
  }

  const notes = async (): Promise<readonly string[]> => {
    const { due, dueSeconds, upkeep } = openKeys(keyPrefix);
    const lists = await own.admin.keys(`${due('')}*`);
    const left = await Promise.all(
      [dueSeconds, upkeep].map(async (key) => ((await own.admin.exists(key)) === 1 ? [key] : [])),
    );
    return [...lists, ...left.flat()];
  };

  test(
    'by three processes expires what waited too long, and forgets what is over, once',
    TIMEOUT,
    async () => {
      const then = Date.now() - 10 * HOUR;
      const order = { queueTtlS: 60, ttlS: HOUR / 1000 };
      for (let n = 0; n < 260; n += 1) await submit(bus.events, { now: then, order });
      const done = await submit(bus.events, { now: then, order });
      await startAttempt(bus.events, done, { now: then });
      await endAttempt(bus.events, done, GOOD, { now: then });
      const running = await submit(bus.events, { now: then, order });
      await startAttempt(bus.events, running, { now: then });
      await keepUp(3, then + 2 * 60_000, async () => (await bus.events.count('expired')) === 260);
      assert.deepEqual([await bus.events.count('running'), await bus.events.count('succeeded')], [1, 1]);
      await keepUp(3, then + 9 * HOUR, async () => (await notes()).length === 0);
      assert.deepEqual(
        (await bus.events.list({ limit: 9 })).jobs.map(({ id }) => id),
        [running],
      );
    },
  );

  test(
    'sees to jobs that a version before has noted down, in the times of what they are now',
    TIMEOUT,
    async () => {
      const now = Date.now();
      const { upkeep, due } = openKeys(keyPrefix);
      const order = { queueTtlS: 86_400, ttlS: 3_600, feedTtlS: 60 };
      const jobId = await submit(bus.events, { now, order });
      for (const list of await own.admin.keys(`${due('')}*`)) await own.admin.del(list);
      await own.admin.zadd(upkeep, now + 24 * HOUR, jobId);
      await startAttempt(bus.events, jobId, { now });
      await endAttempt(bus.events, jobId, GOOD, { now });
      await keepUp(1, now + 120_000, async () => (await bus.custody.trimMark(jobId)) !== undefined);
      await keepUp(1, now + HOUR + 60_000, async () => (await bus.events.load(jobId)) === undefined);
    },
  );

  test(
    'looks in time at a job whose end was told later than what was said was forgotten',
    TIMEOUT,
    async () => {
      const now = Date.now();
      const order = { ttlS: 3_600, feedTtlS: 60, callbackUrl: 'https://example.com/' };
      const jobId = await submit(bus.events, { now, order });
      await startAttempt(bus.events, jobId, { now });
      await endAttempt(bus.events, jobId, GOOD, { now });
      await keepUp(1, now + 120_000, async () => (await bus.custody.trimMark(jobId)) !== undefined);
      const outcome = { kind: 'delivered', httpStatus: 204 } as const;
      const told = { type: 'RecordCallback', outcome, jitter: 0 } as const;
      await carryOut(bus.events, jobId, told, { now: now + 200_000 });
      await keepUp(1, now + HOUR + 60_000, async () => (await bus.events.load(jobId)) === undefined);
    },
  );
});

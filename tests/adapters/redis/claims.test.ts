// Many processes on one Redis: each entry has one holder, and the length of the lane is the number of open jobs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { isTerminal } from '../../../src/domain/job.js';
import type { Bus } from '../../../src/ports/bus.js';
import type { Claim } from '../../../src/ports/command-queue.js';
import { eventually } from '../../support/eventually.js';
import { carryOut, endAttempt, startAttempt, submit } from '../../support/ledger.js';
import { startRedis, type TestRedis } from '../../support/redis-server.js';
import { freshPrefix, openBus } from './redis-under-test.js';

const TIMEOUT = { timeout: 60_000 };
const CANCEL = { type: 'RequestCancel', by: 'somebody' } as const;

describe('two processes on one Redis', () => {
  let redis: TestRedis;
  let admin: Redis;
  before(async () => {
    redis = await startRedis();
    admin = new Redis(redis.url);
  });
  after(async () => {
    admin.disconnect();
    await redis.stop();
  });

  /** Two buses on the same keys, closed after the body. */
  async function withTwo(leaseMs: number, body: (a: Bus, b: Bus, prefix: string) => Promise<void>) {
    const keyPrefix = freshPrefix(redis);
    const [a, b] = await Promise.all([
      openBus(redis, { keyPrefix, leaseMs }),
      openBus(redis, { keyPrefix, leaseMs }),
    ]);
    try {
      await body(a, b, keyPrefix);
    } finally {
      await Promise.all([a.close(), b.close()]);
    }
  }

  test('200 entries claimed by two racing processes are each claimed exactly once', TIMEOUT, () =>
    withTwo(60_000, async (a, b) => {
      const stop = new AbortController();
      const claimed: string[] = [];
      const work = async (bus: Bus, worker: string) => {
        for (;;) {
          const claim = await bus.queue.claim('jobs', worker, stop.signal);
          if (claim === undefined) return;
          claimed.push(claim.jobId);
          await claim.ack();
        }
      };
      const workers = [work(a, 'a-1'), work(a, 'a-2'), work(b, 'b-1'), work(b, 'b-2')];
      const ids = await Promise.all(Array.from({ length: 200 }, (_, n) => submit((n % 2 ? a : b).events)));
      await eventually('all are claimed', () => claimed.length >= 200);
      stop.abort();
      await Promise.all(workers);
      assert.deepEqual(claimed.sort(), ids.sort());
      assert.deepEqual(await a.queue.depth('jobs'), { waiting: 0, running: 0 });
    }),
  );

  test('claims given up while entries pour in lose none of them', TIMEOUT, () =>
    withTwo(60_000, async (a, b) => {
      const claimed: string[] = [];
      const ids: string[] = [];
      const pouring = (async () => {
        for (let n = 0; n < 60; n += 1) ids.push(await submit(b.events));
      })();
      let round = 0;
      while (claimed.length < 60) {
        const stop = new AbortController();
        const claiming = a.queue.claim('jobs', 'w', stop.signal);
        const giveUp = setTimeout(() => stop.abort(), round % 7);
        round += 1;
        const claim = await claiming;
        clearTimeout(giveUp);
        if (claim === undefined) continue;
        claimed.push(claim.jobId);
        await claim.ack();
      }
      await pouring;
      assert.deepEqual(claimed.sort(), ids.sort());
      assert.deepEqual(await a.queue.depth('jobs'), { waiting: 0, running: 0 });
    }),
  );

  test('a cancel written by one process rings at the other', TIMEOUT, () =>
    withTwo(60_000, async (a, b) => {
      const jobId = await submit(a.events);
      await startAttempt(b.events, jobId);
      let rung = false;
      await b.feed.watch({ kind: 'job', jobId }, () => {
        rung = true;
      });
      await carryOut(a.events, jobId, CANCEL);
      await eventually('the other process is rung', () => rung);
      assert.equal((await b.events.load(jobId))?.job.cancelRequested, true);
    }),
  );

  test('after a flush of Redis a waiting claimer gets the next job', TIMEOUT, async () => {
    await withTwo(60_000, async (a, b, keyPrefix) => {
      const claiming = a.queue.claim('jobs', 'w', new AbortController().signal);
      const lane = `{${keyPrefix}}:lane:jobs`;
      await eventually('the claimer made its group', () => admin.exists(lane).then((count) => count === 1));
      await admin.del(lane); // what FLUSHALL does to it, on a Redis that others may share
      const jobId = await submit(b.events);
      assert.equal((await claiming)?.jobId, jobId);
    });
  });

  test('scripts that Redis has forgotten are sent again, and the order of messages is kept', TIMEOUT, () =>
    withTwo(60_000, async (a) => {
      const jobId = await submit(a.events);
      await startAttempt(a.events, jobId);
      await admin.script('FLUSH');
      const appends = [];
      for (let seq = 1; seq <= 60; seq += 1) {
        const data = JSON.stringify({ seq });
        appends.push(a.transcript.append(jobId, 1, [{ seq, kind: 'message', type: 'assistant', data }]));
        if (seq % 20 === 0) await new Promise(setImmediate);
      }
      await Promise.all(appends);
      const { entries } = await a.feed.read({ kind: 'job', jobId }, undefined, 99);
      const said = entries.filter(({ kind }) => kind === 'message').map(({ data }) => JSON.parse(data).seq);
      assert.deepEqual(
        said,
        Array.from({ length: 60 }, (_, n) => n + 1),
      );
      await admin.script('FLUSH');
      await endAttempt(a.events, jobId, { kind: 'succeeded' });
    }),
  );

  test('XLEN of the lane is waiting plus running at every step of a random walk', TIMEOUT, () =>
    withTwo(1, async (a, b, keyPrefix) => {
      const random = seeded(20_260_101);
      const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
      const lane = `{${keyPrefix}}:lane:jobs`;
      const jobs: string[] = [];
      const claims: Claim[] = [];
      const past = { now: Date.now() - 3_600_000 };
      const bus = () => (random() < 0.5 ? a : b);
      const inStatus = async (status: string) => {
        const found = await Promise.all(jobs.map((jobId) => a.events.load(jobId)));
        return found.flatMap((one) => (one?.job.status === status ? [one.job.id] : []));
      };
      const end = async (outcome: Parameters<typeof endAttempt>[2]) => {
        const jobId = pick(await inStatus('running'));
        if (jobId) await endAttempt(bus().events, jobId, outcome, past);
      };
      const failed = { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'it crashed' } as const;
      const limited = { kind: 'failed', code: 'CLAUDE_USAGE_LIMIT', error: 'limit' } as const;
      const steps: readonly (() => Promise<unknown>)[] = [
        async () =>
          jobs.push(await submit(bus().events, { order: { backoffS: 0, maxAttempts: 9 }, ...past })),
        async () => {
          if ((await a.queue.depth('jobs')).waiting === 0) return;
          const claim = await bus().queue.claim(
            'jobs',
            pick(['w-1', 'w-2']) ?? '',
            new AbortController().signal,
          );
          if (claim) claims.push(claim);
        },
        async () => {
          const claim = pick(claims);
          const job = claim && (await a.events.load(claim.jobId))?.job;
          if (job && !isTerminal(job.status)) await startAttempt(bus().events, job.id, past);
        },
        () => end({ kind: 'succeeded' }),
        () => end({ kind: 'handed-back' }),
        () => end(failed),
        () => end({ ...limited, resetsAt: Date.now() + 3_600_000 }),
        async () => pick(claims)?.extend(),
        async () => pick(claims)?.release(),
        async () => {
          const claim = pick(claims);
          const job = claim && (await a.events.load(claim.jobId))?.job;
          if (job === undefined || isTerminal(job.status)) await claim?.ack();
        },
        async () => {
          const jobId = pick([...(await inStatus('queued')), ...(await inStatus('running'))]);
          const job = jobId && (await a.events.load(jobId))?.job;
          if (job && !job.cancelRequested) await carryOut(bus().events, job.id, CANCEL);
        },
        async () => claims.push(...(await bus().queue.reclaim('jobs', 'w-1', 3))),
        () => bus().queue.promoteDue(2),
        async () => {
          const jobId = pick(jobs);
          if (random() < 0.3 && jobId) await bus().events.remove(jobId);
        },
      ];
      for (let step = 0; step < 400; step += 1) {
        const nth = random() < 0.25 ? 0 : Math.floor(random() * steps.length);
        await steps[nth]?.();
        const [{ waiting, running }, length, delayed] = await Promise.all([
          a.queue.depth('jobs'),
          admin.xlen(lane),
          admin.zcard(`{${keyPrefix}}:delayed`),
        ]);
        const open = (await a.events.count('queued')) + (await a.events.count('running'));
        assert.equal(length, waiting + running, `step ${step} (${nth}): XLEN = waiting + running`);
        assert.equal(length, open - delayed, `step ${step} (${nth}): XLEN = open jobs that are not delayed`);
      }
      assert.ok(jobs.length > 50 && claims.length > 20, `${jobs.length} jobs, ${claims.length} claims`);
    }),
  );
});

/** A small generator of 0 <= x < 1, the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

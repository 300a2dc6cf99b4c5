// Many processes on one Redis: each entry has one holder.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import type { Bus } from '../../../src/ports/bus.js';
import { eventually } from '../../support/eventually.js';
import { carryOut, endAttempt, startAttempt, submit } from '../../support/ledger.js';
import { freshPrefix, openBus, useRedis } from './redis-under-test.js';

const TIMEOUT = { timeout: 60_000 };
const CANCEL = { type: 'RequestCancel', by: 'somebody' } as const;

describe('two processes on one Redis', () => {
  const own = useRedis();

  /** Two buses on the same keys, closed after the body. */
  async function withTwo(leaseMs: number, body: (a: Bus, b: Bus, prefix: string) => Promise<void>) {
    const keyPrefix = freshPrefix(own.server);
    const [a, b] = await Promise.all([
      openBus(own.server, { keyPrefix, leaseMs }),
      openBus(own.server, { keyPrefix, leaseMs }),
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

  test('an entry whose record was damaged is claimed all the same: its ledger tells', TIMEOUT, () =>
    withTwo(60_000, async (a, b, prefix) => {
      const lane = openKeys(prefix).lane('jobs');
      const never = new AbortController().signal;
      await own.admin.xadd(lane, '*', 'jobId', 'damaged', 'record', '{"type":"JobSub');
      const claim = await a.queue.claim('jobs', 'a', never);
      assert.deepEqual([claim?.jobId, claim?.known], ['damaged', undefined]);
      const jobId = await submit(b.events);
      assert.equal((await b.queue.claim('jobs', 'b', never))?.known?.job.id, jobId);
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
      await eventually('the claimer made its group', () =>
        own.admin.exists(lane).then((count) => count === 1),
      );
      await own.admin.del(lane); // what FLUSHALL does to it, on a Redis that others may share
      const jobId = await submit(b.events);
      assert.equal((await claiming)?.jobId, jobId);
    });
  });

  test('scripts that Redis has forgotten are sent again, and the order of messages is kept', TIMEOUT, () =>
    withTwo(60_000, async (a) => {
      const jobId = await submit(a.events);
      await startAttempt(a.events, jobId);
      await own.admin.script('FLUSH');
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
      await own.admin.script('FLUSH');
      await endAttempt(a.events, jobId, { kind: 'succeeded' });
    }),
  );
});

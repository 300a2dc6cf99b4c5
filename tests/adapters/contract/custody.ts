// The contract of the custody: what the keeper sees agrees with what happened, and what is stolen is lost to its holder.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe } from 'node:test';
import { trimJobs } from '../../../src/app/admin/trim-jobs.js';
import { compareCursors } from '../../../src/domain/cursor.js';
import type { Custody } from '../../../src/ports/custody.js';
import { carryOut, endAttempt, inFull, sha256, startAttempt, submit } from '../../support/ledger.js';
import { makeWholeHistory } from '../../support/whole-history.js';
import { busCase, type OpenBus } from './bus-under-test.js';

async function idsOf(custody: Custody): Promise<string[]> {
  const ids: string[] = [];
  for await (const id of custody.jobIds()) ids.push(id);
  return ids;
}

const never = new AbortController().signal;

/** Registers the cases. */
export function custodyContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: custody`, () => {
    check('an empty bus has no lanes, no claims and no jobs', async ({ bus: { custody } }) => {
      assert.deepEqual(await custody.lanes(), []);
      assert.deepEqual(await custody.pending(), []);
      assert.equal(await custody.delayed(), 0);
      assert.deepEqual(await idsOf(custody), []);
    });

    check('a lane reports what waits and what runs, and since when', async ({ bus }) => {
      const before = Date.now();
      const first = await submit(bus.events);
      await submit(bus.events);
      await submit(bus.events, { order: { lane: 'other' } });
      const claim = await bus.queue.claim('jobs', 'worker-1', never);
      assert.equal(claim?.jobId, first);
      await startAttempt(bus.events, first);
      const [jobs, other] = await bus.custody.lanes();
      assert.deepEqual(
        [jobs, other].map((lane) => [lane?.lane, lane?.length, lane?.waiting, lane?.running]),
        [
          ['jobs', 2, 1, 1],
          ['other', 1, 1, 0],
        ],
      );
      assert.equal(jobs?.consumers, 1);
      assert.equal(jobs?.lag, 1);
      const oldest = jobs?.oldestAt ?? 0;
      assert.ok(oldest >= before && oldest <= Date.now(), `${oldest} is between ${before} and now`);
    });

    check('a job that waits for its time is delayed and in no lane', async ({ bus }) => {
      const jobId = await submit(bus.events);
      const claim = await bus.queue.claim('jobs', 'worker-1', never);
      assert.ok(claim);
      await startAttempt(bus.events, jobId);
      await endAttempt(bus.events, jobId, { kind: 'failed', code: 'MODEL_OVERLOADED', error: 'busy' });
      assert.equal(await bus.custody.delayed(), 1);
      const [lane] = await bus.custody.lanes();
      assert.equal(lane?.length ?? 0, 0);
      assert.deepEqual(await bus.custody.pending(), []);
    });

    check('what is claimed is pending with its worker', async ({ bus }) => {
      const jobId = await submit(bus.events);
      await submit(bus.events);
      await bus.queue.claim('jobs', 'worker-1', never);
      await startAttempt(bus.events, jobId);
      const pending = await bus.custody.pending();
      assert.equal(pending.length, 1);
      const [{ idleMs, ...entry } = { idleMs: -1 }] = pending;
      assert.ok(idleMs >= 0 && idleMs < 60_000, `idle ${idleMs} ms`);
      assert.deepEqual(entry, { lane: 'jobs', jobId, worker: 'worker-1', deliveries: 1 });
    });

    check('a stolen entry is lost to its holder and comes to the next one who claims', async ({ bus }) => {
      const jobId = await submit(bus.events);
      const claim = await bus.queue.claim('jobs', 'worker-1', never);
      await startAttempt(bus.events, jobId);
      assert.deepEqual(await bus.custody.steal(60_000), [], 'it is not idle that long');
      assert.equal(await claim?.extend(), true);
      const stolen = await bus.custody.steal(0);
      assert.deepEqual(
        stolen.map((entry) => [entry.jobId, entry.worker]),
        [[jobId, 'worker-1']],
      );
      assert.equal(await claim?.extend(), false);
      await claim?.release();
      assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 1, running: 0 });
      const next = await bus.queue.claim('jobs', 'worker-2', never);
      assert.equal(next?.jobId, jobId);
      assert.equal(await next?.extend(), true);
      await carryOut(bus.events, jobId, { type: 'StartAttempt', worker: 'worker-2', host: 'host-2' });
      await endAttempt(bus.events, jobId, { kind: 'succeeded' });
      assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 0, running: 0 });
    });

    check('a job that was not settled is seen by nobody, and can come again', async ({ bus, reopen }) => {
      const jobId = randomUUID();
      const entry = { cursor: '1-0', kind: 'message' as const, type: 'assistant', data: '{}' };
      const cutShort = await bus.custody.receive(jobId);
      await cutShort.add([entry]);
      const dropped = await bus.custody.receive(jobId);
      await dropped.add([entry]);
      await dropped.drop();
      for (const now of [bus, await reopen()]) {
        assert.equal(await now.events.load(jobId), undefined);
        assert.deepEqual(await now.feed.read({ kind: 'job', jobId }, undefined, 10), {
          entries: [],
          gap: false,
        });
        assert.deepEqual(await idsOf(now.custody), []);
        assert.deepEqual((await now.events.list({ limit: 5 })).jobs, []);
      }
      await cutShort.drop();
    });

    check('a trimmed feed is a gap and the events, under their ids', async ({ bus, reopen }) => {
      const jobId = await makeWholeHistory(bus);
      const feed = { kind: 'job' as const, jobId };
      const { entries } = await bus.feed.read(feed, undefined, 1000);
      const events = entries.filter(({ kind }) => kind === 'event');
      const said = entries.filter(({ kind }) => kind !== 'event');
      const before = [
        inFull(await bus.events.load(jobId)),
        await bus.events.read(jobId),
        await bus.events.answer(jobId),
      ];
      const stored = await bus.events.load(jobId);
      assert.equal(await bus.custody.trimMark(jobId), undefined);
      assert.deepEqual(await trimJobs(bus, sha256, { jobId }), [jobId]);
      assert.deepEqual(await trimJobs(bus, sha256, { jobId }), []);
      for (const now of [bus, await reopen()]) {
        assert.deepEqual(await now.feed.read(feed, undefined, 1000), { entries: events, gap: true });
        for (const { cursor } of entries) {
          const rest = await now.feed.read(feed, cursor, 3);
          const behind = events.filter((event) => compareCursors(event.cursor, cursor) > 0).slice(0, 3);
          const lost = said.some((entry) => compareCursors(entry.cursor, cursor) > 0);
          assert.deepEqual(rest, { entries: behind, gap: lost }, cursor);
        }
        assert.deepEqual(
          [
            inFull(await now.events.load(jobId)),
            await now.events.read(jobId),
            await now.events.answer(jobId),
          ],
          before,
        );
        assert.equal(await now.transcript.whole(jobId, 2, 4), undefined);
        const mark = await now.custody.trimMark(jobId);
        assert.deepEqual(mark, { cursor: said.at(-1)?.cursor, hash: stored?.job.transcript?.head });
      }
    });

    check('only what has ended is trimmed, and only what ended before the moment', async ({ bus }) => {
      const open = await submit(bus.events);
      await startAttempt(bus.events, open);
      await assert.rejects(trimJobs(bus, sha256, { jobId: open }), { code: 'JOB_NOT_ENDED' });
      const jobId = await makeWholeHistory(bus);
      assert.deepEqual(await trimJobs(bus, sha256, { endedBefore: Date.now() - 60_000 }), []);
      assert.deepEqual(await trimJobs(bus, sha256, { endedBefore: Date.now() + 60_000 }), [jobId]);
      assert.equal(await bus.custody.trim(open, { version: 1, mark: { cursor: '1-0' }, cursors: [] }), false);
    });

    check('every job with a ledger is named once', async ({ bus }) => {
      const made: string[] = [];
      for (let i = 0; i < 30; i += 1) made.push(await submit(bus.events));
      const removed = made.pop() ?? '';
      await bus.events.remove(removed);
      assert.deepEqual((await idsOf(bus.custody)).sort(), made.sort());
    });
  });
}

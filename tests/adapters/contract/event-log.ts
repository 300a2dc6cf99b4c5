// The contract of the event log: appends at an expected version, everything they change, and what can be asked.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe } from 'node:test';
import { firstBreak } from '../../../src/domain/evidence.js';
import {
  carryOut,
  endAttempt,
  inFull,
  sampleOrder,
  sha256,
  startAttempt,
  submission,
  submit,
  transition,
} from '../../support/ledger.js';
import { allPages } from './all-pages.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const CANCEL = { type: 'RequestCancel', by: 'somebody' } as const;
/** Text that a careless encoding breaks. */
export const AWKWARD = 'Grüße 🦊\n"quoted"\\ \u2028\u2029 \u0000 {"a":1}\r\n\tend';

export const kinds = (results: readonly { readonly kind: string }[]): string[] =>
  results.map(({ kind }) => kind).sort();

/** Registers the cases. */
export function eventLogContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: event log`, () => {
    check('a new job is appended at version 0 and can be loaded and read', async ({ bus: { events } }) => {
      const first = submission({ order: { task: AWKWARD, metadata: { note: AWKWARD } } });
      assert.deepEqual(await events.append(first), { kind: 'appended' });
      assert.deepEqual(inFull(await events.load(first.jobId)), inFull(first.after));
      assert.deepEqual(await events.read(first.jobId), first.records);
    });

    check('an unknown job has no view, no ledger and no answer', async ({ bus: { events } }) => {
      const jobId = randomUUID();
      assert.equal(await events.load(jobId), undefined);
      assert.deepEqual(await events.read(jobId), []);
      assert.equal(await events.answer(jobId), undefined);
    });

    check('a ledger grows in order and its chain stays whole', async ({ bus: { events } }) => {
      const jobId = await submit(events);
      await startAttempt(events, jobId);
      const facts = { type: 'CommitReady', oid: 'c0ffee', leftUncommitted: false } as const;
      await carryOut(events, jobId, { type: 'ReportProgress', attempt: 1, facts: [facts] });
      const after = await endAttempt(events, jobId, { kind: 'succeeded' });

      const records = await events.read(jobId);
      const types = records.map(({ type }) => type);
      assert.deepEqual(types, ['JobSubmitted', 'AttemptStarted', 'CommitReady', 'JobSucceeded']);
      assert.equal(firstBreak(records, sha256), undefined);
      assert.deepEqual(inFull(await events.load(jobId)), inFull(after));
    });

    check('what is asked for at once is carried out each for itself', async ({ bus: { events, queue } }) => {
      const [running, waiting] = [await submit(events), await submit(events)];
      const stale = transition(await events.load(running), { type: 'RequestCancel', by: 'somebody late' });
      const claim = await queue.claim('jobs', 'worker-1', new AbortController().signal);
      await startAttempt(events, running);
      const ending = { type: 'EndAttempt', attempt: 1, outcome: { kind: 'succeeded' }, jitter: 0 } as const;
      const fresh = Array.from({ length: 70 }, () => submission());
      const cancel = transition(await events.load(waiting), CANCEL);
      const results = await Promise.all([
        events.append(transition(await events.load(running), ending)),
        ...[stale, cancel, cancel, ...fresh].map((each) => events.append(each)),
        events.append(submission({ jobId: running })),
      ]);
      const [ended, late, cancelled, again] = results.map(({ kind }) => kind);
      assert.deepEqual([ended, late, cancelled, again], ['appended', 'conflict', 'appended', 'conflict']);
      assert.equal(results.at(-1)?.kind, 'conflict');
      assert.deepEqual(new Set(results.slice(4, -1).map(({ kind }) => kind)), new Set(['appended']));
      assert.equal((await events.load(running))?.job.status, 'succeeded');
      assert.deepEqual(await queue.depth('jobs'), { waiting: 70, running: 0 });
      assert.equal(await claim?.extend(), false);
      assert.equal(await events.count('queued'), 70);
      for (const { jobId, records } of fresh) assert.deepEqual(await events.read(jobId), records);
    });

    check(
      'the fleet hears of those that were carried out, of what was asked for at once',
      async ({ bus }) => {
        const { events, feed } = bus;
        const ids = [await submit(events), await submit(events), await submit(events)];
        const cancels = await Promise.all(ids.map(async (id) => transition(await events.load(id), CANCEL)));
        await carryOut(events, ids[1] ?? '', CANCEL);
        const { entries } = await feed.read({ kind: 'fleet' }, undefined, 99);
        const results = await Promise.all(cancels.map((cancel) => events.append(cancel)));
        assert.deepEqual(kinds(results), ['appended', 'appended', 'conflict']);
        const news = await feed.read({ kind: 'fleet' }, entries.at(-1)?.cursor, 99);
        const heard = news.entries.map(({ data }) => JSON.parse(data));
        const told = [ids[0], ids[2]].flatMap((jobId) => [2, 3].map((version) => [jobId, version]));
        assert.deepEqual(
          heard.map(({ jobId, version }) => [jobId, version]),
          told,
        );
      },
    );

    check('an append at another version is a conflict and changes nothing', async ({ bus }) => {
      const { events, feed } = bus;
      const first = submission();
      await events.append(first);
      const next = transition(first.after, CANCEL);
      for (const expectedVersion of [0, 2, 7]) {
        assert.deepEqual(await events.append({ ...next, expectedVersion }), { kind: 'conflict' });
      }
      assert.deepEqual(await events.append(submission({ jobId: first.jobId })), { kind: 'conflict' });
      const nowhere = randomUUID();
      assert.deepEqual(await events.append({ ...next, jobId: nowhere }), { kind: 'conflict' });

      assert.equal(await events.load(nowhere), undefined);
      assert.deepEqual(inFull(await events.load(first.jobId)), inFull(first.after));
      assert.deepEqual(await events.read(first.jobId), first.records);
      assert.equal(await events.count('queued'), 1);
      assert.equal(await events.count('cancelled'), 0);
      assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 1, running: 0 });
      assert.equal((await feed.read({ kind: 'job', jobId: first.jobId }, undefined, 10)).entries.length, 1);
      assert.equal((await feed.read({ kind: 'fleet' }, undefined, 10)).entries.length, 1);
    });

    check('of concurrent appends at one version exactly one wins', async ({ bus: { events } }) => {
      const first = submission();
      const births = await Promise.all(Array.from({ length: 8 }, () => events.append(first)));
      assert.deepEqual(kinds(births), ['appended', ...Array(7).fill('conflict')]);

      const nexts = Array.from({ length: 8 }, (_, n) =>
        transition(first.after, { type: 'StartAttempt', worker: `worker-${n}`, host: 'host' }),
      );
      const results = await Promise.all(nexts.map((next) => events.append(next)));
      assert.deepEqual(kinds(results), ['appended', ...Array(7).fill('conflict')]);
      const winner = nexts[results.findIndex(({ kind }) => kind === 'appended')];
      assert.deepEqual(inFull(await events.load(first.jobId)), inFull(winner?.after));
      assert.deepEqual(await events.read(first.jobId), [...first.records, ...(winner?.records ?? [])]);
    });

    check('one append changes view, indices, lane, feed and fleet stream together', async ({ bus }) => {
      const jobId = await submit(bus.events);
      await startAttempt(bus.events, jobId);
      const { job } = await carryOut(bus.events, jobId, CANCEL);
      assert.equal(job.cancelRequested, true);
      await endAttempt(bus.events, jobId, { kind: 'handed-back' });

      assert.equal((await bus.events.load(jobId))?.job.status, 'cancelled');
      assert.equal(await bus.events.count('running'), 0);
      assert.equal(await bus.events.count('cancelled'), 1);
      assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 0, running: 0 });
      const types = ['JobSubmitted', 'AttemptStarted', 'CancelRequested', 'JobCancelled'];
      const ofJob = await bus.feed.read({ kind: 'job', jobId }, undefined, 99);
      const ofFleet = await bus.feed.read({ kind: 'fleet' }, undefined, 99);
      assert.deepEqual(
        ofJob.entries.map(({ type }) => type),
        types,
      );
      assert.deepEqual(
        ofFleet.entries.map(({ type }) => type),
        types,
      );
    });

    check('a removed job is forgotten with everything it owned', async ({ bus }) => {
      const { events, queue, transcript, feed } = bus;
      const kept = await submit(events);
      const jobId = await submit(events);
      await startAttempt(events, jobId);
      const entry = { seq: 1, kind: 'message', type: 'assistant', data: '{"preview":true}' } as const;
      await transcript.append(jobId, 1, [{ ...entry, whole: '{"whole":true}' }]);
      await endAttempt(events, jobId, { kind: 'succeeded' }, { answer: 'done' });
      const waiting = await submit(events);
      const delayed = await submit(events, { order: { backoffS: 0 } });
      await startAttempt(events, delayed, { now: Date.now() - 60_000 });
      const crashed = { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'it crashed' } as const;
      await endAttempt(events, delayed, crashed, { now: Date.now() - 50_000 });

      for (const gone of [jobId, waiting, delayed]) {
        await events.remove(gone);
        assert.equal(await events.load(gone), undefined);
        assert.deepEqual(await events.read(gone), []);
        assert.equal(await events.answer(gone), undefined);
        assert.equal(await transcript.whole(gone, 1, 1), undefined);
        assert.deepEqual((await feed.read({ kind: 'job', jobId: gone }, undefined, 99)).entries, []);
        assert.equal(await transcript.append(gone, 1, [entry]), 'stale');
      }
      assert.equal(await queue.promoteDue(99), 0);
      assert.deepEqual(await queue.depth('jobs'), { waiting: 1, running: 0 });
      assert.deepEqual(await allPages(events, 9), [kept]);
      assert.equal(await events.count('queued'), 1);
      assert.equal(await events.count('succeeded'), 0);
      await events.remove(jobId);
      await events.remove(randomUUID());
    });

    check('an append to a removed job is a conflict', async ({ bus: { events } }) => {
      const first = submission();
      await events.append(first);
      await events.remove(first.jobId);
      assert.deepEqual(await events.append(transition(first.after, CANCEL)), { kind: 'conflict' });
      assert.equal(await events.load(first.jobId), undefined);
    });

    check('the next process finds every ledger, view, index, key and answer', async (under) => {
      const { events } = under.bus;
      const idempotency = { key: 'caller:kept', digest: 'd-9', ttlMs: 600_000 };
      const jobId = await submit(events, { idempotency, order: { task: AWKWARD }, now: Date.now() - 5000 });
      await startAttempt(events, jobId);
      await endAttempt(events, jobId, { kind: 'succeeded' }, { answer: AWKWARD });
      const waiting = await submit(events);
      const removed = await submit(events);
      await events.remove(removed);
      const views = [inFull(await events.load(jobId)), inFull(await events.load(waiting))];
      const ledger = await events.read(jobId);

      const next = (await under.reopen()).events;
      assert.deepEqual([inFull(await next.load(jobId)), inFull(await next.load(waiting))], views);
      assert.deepEqual(await next.read(jobId), ledger);
      assert.equal(await next.answer(jobId), AWKWARD);
      assert.equal(await next.load(removed), undefined);
      assert.deepEqual(await allPages(next, 1), [waiting, jobId]);
      assert.equal(await next.count('succeeded'), 1);
      assert.equal(await next.count('queued'), 1);
      const again = { kind: 'duplicate', jobId, digest: 'd-9' };
      assert.deepEqual(await next.append(submission({ idempotency })), again);
      await carryOut(next, waiting, CANCEL);
      assert.equal((await next.read(waiting)).length, 3);
    });

    check('an order of half a megabyte is kept whole', async ({ bus: { events } }) => {
      const { task } = sampleOrder({ task: AWKWARD.repeat(16_000) });
      const jobId = await submit(events, { order: { task } });
      assert.ok((await events.load(jobId))?.job.order.task === task);
    });
  });
}

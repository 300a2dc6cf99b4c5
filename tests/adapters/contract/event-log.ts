// The contract of the event log: appends at an expected version, everything they change, and what can be asked.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe } from 'node:test';
import { isCode } from '../../../src/domain/errors.js';
import { firstBreak } from '../../../src/domain/evidence.js';
import type { EventLog } from '../../../src/ports/event-log.js';
import { eventually } from '../../support/eventually.js';
import {
  carryOut,
  endAttempt,
  sampleOrder,
  sha256,
  startAttempt,
  submission,
  submit,
  transition,
} from '../../support/ledger.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const CANCEL = { type: 'RequestCancel', by: 'somebody' } as const;
const AWKWARD = 'Grüße 🦊\n"quoted"\\ \u2028\u2029 \u0000 {"a":1}\r\n\tend';

const kinds = (results: readonly { readonly kind: string }[]): string[] =>
  results.map(({ kind }) => kind).sort();

async function allPages(events: EventLog, limit: number): Promise<string[]> {
  const ids: string[] = [];
  let before: string | undefined;
  do {
    const page = await events.list({ limit, ...(before === undefined ? {} : { before }) });
    assert.ok(page.jobs.length <= limit);
    ids.push(...page.jobs.map(({ id }) => id));
    before = page.next;
  } while (before !== undefined);
  return ids;
}

/** Registers the cases. */
export function eventLogContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: event log`, () => {
    check('a new job is appended at version 0 and can be loaded and read', async ({ bus: { events } }) => {
      const first = submission({ order: { task: AWKWARD, metadata: { note: AWKWARD } } });
      assert.deepEqual(await events.append(first), { kind: 'appended' });
      assert.deepEqual(await events.load(first.jobId), first.after);
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
      assert.deepEqual(await events.load(jobId), after);
    });

    check('an append at another version is a conflict and changes nothing', async ({ bus }) => {
      const { events, feed } = bus;
      const first = submission();
      await events.append(first);
      const next = transition(first.after, CANCEL);
      for (const expectedVersion of [0, 2, 7]) {
        assert.deepEqual(await events.append({ ...next, expectedVersion }), { kind: 'conflict' });
      }
      assert.deepEqual(await events.append(submission({ jobId: first.jobId })), { kind: 'conflict' });
      assert.deepEqual(await events.append({ ...next, jobId: randomUUID() }), { kind: 'conflict' });

      assert.deepEqual(await events.load(first.jobId), first.after);
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
      assert.deepEqual(await events.load(first.jobId), winner?.after);
      assert.deepEqual(await events.read(first.jobId), [...first.records, ...(winner?.records ?? [])]);
    });

    check('one append changes view, indices, lane, feed and fleet stream together', async ({ bus }) => {
      const jobId = await submit(bus.events);
      await startAttempt(bus.events, jobId);
      const { job } = await carryOut(bus.events, jobId, CANCEL);
      assert.equal(job.cancelRequested, true);
      await endAttempt(bus.events, jobId, { kind: 'handed-back' });

      assert.equal((await bus.events.load(jobId))?.job.status, 'cancelled');
      assert.deepEqual(await bus.events.oldest('running', 9), []);
      assert.deepEqual(await bus.events.oldest('cancelled', 9), [jobId]);
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

    check('jobs are listed newest first, in pages, by status', async ({ bus: { events } }) => {
      const ids: string[] = [];
      for (let n = 0; n < 7; n += 1) ids.unshift(await submit(events, { now: 1_700_000_000_000 + n * 1000 }));
      const [newest = '', , third = ''] = ids;
      await carryOut(events, third, CANCEL);
      await startAttempt(events, newest, { now: 1_700_000_010_000 });

      assert.deepEqual(await allPages(events, 3), ids);
      assert.deepEqual(await allPages(events, 7), ids);
      assert.deepEqual(await allPages(events, 200), ids);
      const queued = await events.list({ status: 'queued', limit: 3 });
      assert.deepEqual(
        queued.jobs.map(({ id }) => id),
        [ids[1], ids[3], ids[4]],
      );
      const rest = await events.list({ status: 'queued', limit: 3, before: queued.next ?? '' });
      assert.deepEqual(
        rest.jobs.map(({ id }) => id),
        [ids[5], ids[6]],
      );
      assert.equal(rest.next, undefined);
      assert.deepEqual((await events.list({ status: 'failed', limit: 3 })).jobs, []);
    });

    check('jobs of the same millisecond are each listed once', async ({ bus: { events } }) => {
      const ids = await Promise.all(
        Array.from({ length: 9 }, () => submit(events, { now: 1_700_000_000_000 })),
      );
      assert.deepEqual((await allPages(events, 2)).sort(), ids.sort());
    });

    check('a job that arrives between two pages disturbs neither', async ({ bus: { events } }) => {
      const old = await submit(events, { now: 1_700_000_000_000 });
      const young = await submit(events, { now: 1_700_000_001_000 });
      const { jobs, next = '' } = await events.list({ limit: 1 });
      await submit(events, { now: 1_700_000_002_000 });
      assert.deepEqual(
        jobs.map(({ id }) => id),
        [young],
      );
      assert.deepEqual(
        (await events.list({ limit: 5, before: next })).jobs.map(({ id }) => id),
        [old],
      );
    });

    check('a malformed list cursor is the fault of the request', async ({ bus: { events } }) => {
      await submit(events);
      for (const before of [
        '',
        'x',
        '17',
        '-',
        ':',
        '1:',
        '((1700000000000',
        '../../etc/passwd',
        'NaN:NaN',
      ]) {
        const refused = (error: unknown) => isCode(error, 'INVALID_REQUEST');
        await assert.rejects(events.list({ limit: 5, before }), refused, JSON.stringify(before));
      }
    });

    check('counts and the oldest of a status follow the ledgers', async ({ bus: { events } }) => {
      const a = await submit(events, { now: 1_700_000_000_000 });
      const c = await submit(events, { now: 1_700_000_002_000 });
      const b = await submit(events, { now: 1_700_000_001_000 });
      assert.equal(await events.count('queued'), 3);
      assert.deepEqual(await events.oldest('queued', 2), [a, b]);
      await carryOut(events, a, CANCEL);
      assert.equal(await events.count('queued'), 2);
      assert.equal(await events.count('cancelled'), 1);
      assert.equal(await events.count('expired'), 0);
      assert.deepEqual(await events.oldest('queued', 9), [b, c]);
      assert.deepEqual(await events.oldest('cancelled', 9), [a]);
    });

    check('a taken idempotency key answers with the job that has it', async ({ bus: { events, queue } }) => {
      const claim = { key: 'caller:k-1', digest: 'd-1', ttlMs: 60_000 };
      const jobId = await submit(events, { idempotency: claim });
      const again = submission({ idempotency: { ...claim, digest: 'd-2' } });
      assert.deepEqual(await events.append(again), { kind: 'duplicate', jobId, digest: 'd-1' });
      assert.equal(await events.load(again.jobId), undefined);
      assert.deepEqual(await queue.depth('jobs'), { waiting: 1, running: 0 });
      await submit(events, { idempotency: { ...claim, key: 'caller:k-2' } });
    });

    check(
      'of concurrent submissions under one key exactly one becomes a job',
      async ({ bus: { events } }) => {
        const idempotency = { key: 'caller:rush', digest: 'same', ttlMs: 60_000 };
        const all = Array.from({ length: 8 }, () => submission({ idempotency }));
        const results = await Promise.all(all.map((one) => events.append(one)));
        assert.deepEqual(kinds(results), ['appended', ...Array(7).fill('duplicate')]);
        const winner = all[results.findIndex(({ kind }) => kind === 'appended')];
        const ids = results.flatMap((result) => (result.kind === 'duplicate' ? [result.jobId] : []));
        assert.deepEqual(new Set(ids), new Set([winner?.jobId]));
        assert.equal(await events.count('queued'), 1);
      },
    );

    check('an idempotency key can be used again after its time', async ({ bus: { events } }) => {
      const idempotency = { key: 'caller:brief', digest: 'd', ttlMs: 40 };
      const jobId = await submit(events, { idempotency });
      await eventually('the key is free again', async () => {
        const result = await events.append(submission({ idempotency }));
        if (result.kind === 'duplicate') assert.equal(result.jobId, jobId);
        return result.kind === 'appended';
      });
    });

    check(
      'the answer of a later attempt replaces the earlier one, a refused one does not',
      async ({ bus }) => {
        const { events } = bus;
        const jobId = await submit(events, { order: { backoffS: 0 } });
        const failed = { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'it crashed' } as const;
        await startAttempt(events, jobId);
        await endAttempt(events, jobId, failed, { answer: 'first' });
        assert.equal(await events.answer(jobId), 'first');
        const running = await startAttempt(events, jobId);
        const refused = transition(running, { ...CANCEL }, { answer: 'never' });
        assert.deepEqual(await events.append({ ...refused, expectedVersion: 1 }), { kind: 'conflict' });
        assert.equal(await events.answer(jobId), 'first');
        await endAttempt(events, jobId, { kind: 'succeeded' }, { answer: AWKWARD });
        assert.equal(await events.answer(jobId), AWKWARD);
      },
    );

    check(
      'an answer of some megabytes and an empty one come back as they were',
      async ({ bus: { events } }) => {
        for (const answer of ['', 'ä€🦊'.repeat(500_000)]) {
          const jobId = await submit(events);
          await startAttempt(events, jobId);
          await endAttempt(events, jobId, { kind: 'succeeded' }, { answer });
          assert.ok((await events.answer(jobId)) === answer, `answer of ${answer.length} characters`);
        }
      },
    );

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
      const views = [await events.load(jobId), await events.load(waiting)];
      const ledger = await events.read(jobId);

      const next = (await under.reopen()).events;
      assert.deepEqual([await next.load(jobId), await next.load(waiting)], views);
      assert.deepEqual(await next.read(jobId), ledger);
      assert.equal(await next.answer(jobId), AWKWARD);
      assert.equal(await next.load(removed), undefined);
      assert.deepEqual(await allPages(next, 1), [waiting, jobId]);
      assert.equal(await next.count('succeeded'), 1);
      assert.deepEqual(await next.oldest('queued', 9), [waiting]);
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

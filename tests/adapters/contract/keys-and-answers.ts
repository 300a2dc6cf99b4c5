// The contract of what a ledger brings along: idempotency keys and the final answer.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { eventually } from '../../support/eventually.js';
import { endAttempt, startAttempt, startTurn, submission, submit, transition } from '../../support/ledger.js';
import { busCase, type OpenBus } from './bus-under-test.js';
import { AWKWARD, kinds } from './event-log.js';

const CANCEL = { type: 'RequestCancel', by: 'somebody' } as const;

/** Registers the cases. */
export function keysAndAnswersContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: keys and answers`, () => {
    check('a taken idempotency key answers with the job that has it', async ({ bus: { events, queue } }) => {
      const claim = { key: 'caller:k-1', digest: 'd-1', ttlMs: 60_000 };
      const jobId = await submit(events, { idempotency: claim });
      const again = submission({ idempotency: { ...claim, digest: 'd-2' } });
      assert.deepEqual(await events.append(again), { kind: 'duplicate', jobId, digest: 'd-1' });
      assert.equal(await events.load(again.jobId), undefined);
      assert.deepEqual(await queue.depth('jobs'), { waiting: 1, running: 0 });
      await submit(events, { idempotency: { ...claim, key: 'caller:k-2' } });
    });

    check('an idempotency key can be used again after its time', async ({ bus: { events } }) => {
      const idempotency = { key: 'caller:brief', digest: 'd', ttlMs: 40 };
      const jobId = await submit(events, { idempotency });
      await eventually('nobody has it', async () => (await events.taken('caller:brief')) === undefined);
      await eventually('the key is free again', async () => {
        const result = await events.append(submission({ idempotency }));
        if (result.kind === 'duplicate') assert.equal(result.jobId, jobId);
        return result.kind === 'appended';
      });
    });

    check('tells who has a key, of jobs and of turns, and of nobody', async ({ bus: { events } }) => {
      const claim = { key: 'caller k-1', digest: 'd-1', ttlMs: 60_000 };
      assert.equal(await events.taken(claim.key), undefined);
      const jobId = await submit(events, { idempotency: claim });
      const turnId = await startTurn(events, { idempotency: { ...claim, key: 'caller k-2', digest: 'd-2' } });
      assert.deepEqual(await events.taken(claim.key), { jobId, digest: 'd-1' });
      assert.deepEqual(await events.taken('caller k-2'), { jobId: turnId, digest: 'd-2' });
      assert.equal(await events.taken('other k-1'), undefined);
      const refused = submission({ jobId: turnId, idempotency: { ...claim, key: 'caller k-3' } });
      assert.deepEqual(await events.append(refused), { kind: 'conflict' });
      assert.equal(await events.taken('caller k-3'), undefined, 'what is refused takes no key');
    });

    check('a key stays taken when its job is removed, until its time is over', async (under) => {
      const { events } = under.bus;
      const [long, brief] = ['caller long', 'caller brief'];
      const jobId = await submit(events, { idempotency: { key: long, digest: 'd', ttlMs: 600_000 } });
      const other = await submit(events, { idempotency: { key: brief, digest: 'd', ttlMs: 40 } });
      await submit(events);
      for (const one of [jobId, other]) await events.remove(one);
      const again = submission({ idempotency: { key: long, digest: 'd', ttlMs: 1 } });
      assert.deepEqual(await events.append(again), { kind: 'duplicate', jobId, digest: 'd' });
      await eventually('it is free', async () => (await events.taken(brief)) === undefined);
      const next = (await under.reopen()).events;
      assert.deepEqual(await next.taken(long), { jobId, digest: 'd' });
      assert.equal(await next.taken(brief), undefined);
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
  });
}

// The contract of turns: one that runs where it came in has a lease and no lane entry; one that waits has its whole
// request beside its ledger until it ends.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { CommandQueue, LapsedAttempt } from '../../../src/ports/command-queue.js';
import { eventually } from '../../support/eventually.js';
import {
  carryOut,
  endAttempt,
  startAttempt,
  startTurn,
  submission,
  submit,
  transition,
} from '../../support/ledger.js';
import { busCase, type OpenBus } from './bus-under-test.js';
import { AWKWARD } from './event-log.js';

const SHORT = { leaseMs: 120 };
/** Long enough that a busy machine does not lose it between an extension and the question after it. */
const STEADY = { leaseMs: 1500 };
const NONE = { waiting: 0, running: 0 };
const LOSE = { type: 'LoseAttempt', attempt: 1 } as const;
const never = new AbortController().signal;

const lapsed = (queue: CommandQueue): Promise<readonly LapsedAttempt[]> =>
  eventually('a lease lapses', async () => {
    const found = await queue.lapsedDirect(9);
    return found.length > 0 && found;
  });

/** Registers the cases. */
export function directTurnsContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: direct turns`, { concurrency: true }, () => {
    check('a direct turn runs from its first append on, and is in no lane', async ({ bus }) => {
      const { events, queue, custody, feed } = bus;
      const jobId = await startTurn(events);
      const stored = await events.load(jobId);
      assert.deepEqual([stored?.job.status, stored?.job.direct, stored?.job.version], ['running', true, 2]);
      const types = async () =>
        (await feed.read({ kind: 'job', jobId }, undefined, 9)).entries.map(({ type }) => type);
      assert.deepEqual(await types(), ['JobSubmitted', 'AttemptStarted']);
      assert.deepEqual([await events.count('running'), await events.count('queued')], [1, 0]);
      assert.deepEqual(await events.upkeepDue(Date.now() + 1e12, 9), []);
      assert.deepEqual(await queue.depth('jobs'), NONE);
      assert.deepEqual(await custody.lanes(), []);
      assert.deepEqual(await custody.pending(), []);
      assert.deepEqual(await custody.steal(0), []);
      assert.deepEqual(await queue.reclaim('jobs', 'w', 9), []);

      const said = [{ seq: 1, kind: 'message', type: 'assistant', data: '{"seq":1}' }] as const;
      assert.equal(await bus.transcript.append(jobId, 1, said), 'appended');
      await endAttempt(events, jobId, { kind: 'succeeded' }, { answer: 'Yes.' });
      assert.deepEqual(await types(), ['JobSubmitted', 'AttemptStarted', 'assistant', 'JobSucceeded']);
      assert.deepEqual([await events.answer(jobId), await events.count('running')], ['Yes.', 0]);
      const due = await events.upkeepDue(Date.now() + 1e12, 9);
      assert.deepEqual(
        due.map((note) => note.jobId),
        [jobId],
      );
      assert.deepEqual(await queue.depth('jobs'), NONE);
      assert.deepEqual(await custody.lanes(), []);
    });

    check('its idempotency key is taken as any other', async ({ bus: { events, queue } }) => {
      const idempotency = { key: 'caller:k', digest: 'd', ttlMs: 60_000 };
      const jobId = await startTurn(events, { idempotency });
      const again = submission({ kind: 'turn', start: { worker: 'w', host: 'h' }, idempotency });
      assert.deepEqual(await events.append(again), { kind: 'duplicate', jobId, digest: 'd' });
      assert.equal(await queue.holdDirect(again.jobId, 1).extend(), false);
    });

    check(
      'its lease is extended while it runs, and not once it has ended or of another attempt',
      async ({ bus: { events, queue } }) => {
        const [ended, removed] = [await startTurn(events), await startTurn(events)];
        const waiting = await submit(events, { kind: 'turn' });
        const lease = queue.holdDirect(ended, 1);
        assert.equal(lease.jobId, ended);
        assert.equal(await lease.extend(), true);
        assert.equal(await queue.holdDirect(ended, 2).extend(), false);
        assert.equal(await queue.holdDirect(waiting, 0).extend(), false);
        assert.equal(await queue.holdDirect('nobody', 1).extend(), false);
        await carryOut(events, ended, { type: 'RequestCancel', by: 'somebody' });
        assert.equal(await lease.extend(), true, 'a cancel that is asked for is not the end');
        await endAttempt(events, ended, { kind: 'handed-back' });
        assert.equal(await lease.extend(), false);
        await events.remove(removed);
        assert.equal(await queue.holdDirect(removed, 1).extend(), false);
        assert.deepEqual(await queue.lapsedDirect(9), []);
      },
    );

    check(
      'a lapsed lease is told until its turn is ended, by whoever comes first',
      async ({ bus: { events, queue } }) => {
        const jobId = await startTurn(events);
        assert.deepEqual(await lapsed(queue), [{ jobId, attempt: 1 }]);
        assert.deepEqual(await queue.lapsedDirect(9), [{ jobId, attempt: 1 }]);
        assert.deepEqual(await queue.lapsedDirect(0), []);
        const before = await events.load(jobId);
        const lost = transition(before, LOSE);
        assert.deepEqual(await events.append(lost), { kind: 'appended' });
        assert.deepEqual(await events.append(lost), { kind: 'conflict' });
        const { code, exhausted } = (await events.load(jobId))?.job ?? {};
        assert.deepEqual([code, exhausted], ['WORKER_LOST', undefined]);
        assert.deepEqual(await queue.lapsedDirect(9), []);
        assert.equal(await queue.holdDirect(jobId, 1).extend(), false);
      },
      SHORT,
    );

    check(
      'a lease that lapsed is its holder\u2019s still until somebody ends the turn',
      async ({ bus: { events, queue } }) => {
        const jobId = await startTurn(events);
        await lapsed(queue);
        assert.equal(await queue.holdDirect(jobId, 1).extend(), true);
        assert.deepEqual(await queue.lapsedDirect(9), []);
        await endAttempt(events, jobId, { kind: 'succeeded' });
      },
      STEADY,
    );

    check(
      'leases that are extended stay while others lapse, the longest lapsed first and no more than asked for',
      async ({ bus: { events, queue } }) => {
        const kept = await startTurn(events);
        const [first, second] = [await startTurn(events), await startTurn(events)];
        const lease = queue.holdDirect(kept, 1);
        await eventually('two lapse', async () => {
          assert.equal(await lease.extend(), true);
          const found = await queue.lapsedDirect(9);
          assert.ok(found.every(({ jobId }) => jobId !== kept));
          return found.length === 2;
        });
        assert.ok(await lease.extend());
        assert.deepEqual(
          (await queue.lapsedDirect(9)).map(({ jobId }) => jobId).sort(),
          [first, second].sort(),
        );
        assert.equal((await queue.lapsedDirect(1)).length, 1);
      },
      STEADY,
    );

    check(
      'the next process finds the turn of one that is gone',
      async (under) => {
        const jobId = await startTurn(under.bus.events);
        const { queue, events, custody } = await under.reopen();
        assert.deepEqual(await lapsed(queue), [{ jobId, attempt: 1 }]);
        assert.deepEqual(await queue.depth('jobs'), NONE);
        assert.deepEqual(await custody.pending(), []);
        await carryOut(events, jobId, LOSE);
        assert.equal((await events.load(jobId))?.job.status, 'failed');
        assert.deepEqual(await queue.lapsedDirect(9), []);
        assert.deepEqual(await queue.depth('jobs'), NONE);
      },
      SHORT,
    );

    check(
      'a turn by the lane is claimed like any job, and its lapsed claim ends it',
      async ({ bus: { events, queue } }) => {
        const jobId = await submit(events, { kind: 'turn', order: { lane: 'agent:a' } });
        assert.deepEqual(await queue.depth('agent:a'), { waiting: 1, running: 0 });
        assert.equal((await queue.claim('agent:a', 'a', never))?.jobId, jobId);
        await startAttempt(events, jobId);
        assert.deepEqual(await queue.lapsedDirect(9), []);
        const [claim] = await eventually('it is reclaimed', async () => {
          const claims = await queue.reclaim('agent:a', 'b', 9);
          return claims.length > 0 && claims;
        });
        assert.equal(claim?.jobId, jobId);
        assert.equal((await startAttempt(events, jobId)).job.code, 'WORKER_LOST');
        assert.deepEqual(await queue.depth('agent:a'), NONE);
      },
      SHORT,
    );
  });

  describe(`${name}: requests of turns`, { concurrency: true }, () => {
    const request = JSON.stringify({ prompt: [{ kind: 'text', text: AWKWARD }], lone: '\ud800' });

    check('the request of a turn that waits is kept until its end', async ({ bus, reopen }) => {
      const jobId = await submit(bus.events, { kind: 'turn', request });
      const without = await submit(bus.events, { kind: 'turn' });
      assert.equal(await bus.events.request(jobId), request);
      assert.equal(await bus.events.request(without), undefined);
      assert.equal(await bus.events.request('nobody'), undefined);
      const { events } = await reopen();
      assert.equal(await events.request(jobId), request);
      await startAttempt(events, jobId);
      assert.equal(await events.request(jobId), request);
      await endAttempt(events, jobId, { kind: 'succeeded' });
      assert.equal(await events.request(jobId), undefined);
    });

    check('it goes with a job that is cancelled, expires or is removed', async ({ bus, reopen }) => {
      const past = { kind: 'turn', request, now: Date.now() - 1e9 } as const;
      const ids = [
        await submit(bus.events, past),
        await submit(bus.events, past),
        await submit(bus.events, past),
      ];
      const [cancelled = '', expired = '', removed = ''] = ids;
      await carryOut(bus.events, cancelled, { type: 'RequestCancel', by: 'somebody' });
      await carryOut(bus.events, expired, { type: 'ExpireJob' });
      await bus.events.remove(removed);
      for (const { events } of [bus, await reopen()])
        for (const jobId of ids) assert.equal(await events.request(jobId), undefined);
    });

    check(
      'one of some megabytes comes back as it was, and lists do not load it',
      async ({ bus: { events } }) => {
        const large = JSON.stringify({ data: 'ä€"\\🦊'.repeat(1_000_000) });
        const jobId = await submit(events, { kind: 'turn', request: large });
        assert.ok((await events.request(jobId)) === large, `request of ${large.length} characters`);
        const { jobs } = await events.list({ limit: 5 });
        assert.ok(JSON.stringify(jobs).length < 10_000);
      },
    );

    check('those of many that come at once are not mixed up', async ({ bus: { events } }) => {
      const start = { worker: 'worker-1', host: 'host-1' };
      const kinds = [
        (nth: number) => submission({ kind: 'turn', request: `{"nth":${nth}}` }),
        () => submission({ kind: 'turn' }),
        () => submission({ kind: 'turn', start }),
        () => submission(),
      ];
      const all = Array.from({ length: 10 }, (_, nth) => kinds.map((make) => make(nth))).flat();
      await Promise.all(all.map((one) => events.append(one)));
      for (const { jobId, records } of all) assert.deepEqual(await events.read(jobId), records);
      const kept = await Promise.all(all.map(({ jobId }) => events.request(jobId)));
      assert.deepEqual(
        kept,
        all.map(({ request: own }) => own),
      );
    });

    check('one that was refused leaves nothing', async ({ bus: { events } }) => {
      const idempotency = { key: 'caller:k', digest: 'd', ttlMs: 60_000 };
      await submit(events, { kind: 'turn', idempotency });
      const again = submission({ kind: 'turn', request, idempotency });
      assert.equal((await events.append(again)).kind, 'duplicate');
      assert.equal(await events.request(again.jobId), undefined);
    });
  });
}

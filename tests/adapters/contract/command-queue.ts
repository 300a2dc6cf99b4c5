// The contract of the command queue: who gets which entry, and that the depth is always waiting plus running.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Claim, CommandQueue } from '../../../src/ports/command-queue.js';
import { carryOut, endAttempt, startAttempt, submit } from '../../support/ledger.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const CANCEL = { type: 'RequestCancel', by: 'somebody' } as const;
const CRASHED = { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'it crashed' } as const;
const never = (): AbortSignal => new AbortController().signal;

async function claimNow(queue: CommandQueue, worker = 'worker-1'): Promise<Claim> {
  const claim = await queue.claim('jobs', worker, never());
  assert.ok(claim);
  return claim;
}

/** Registers the cases. */
export function commandQueueContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: command queue`, () => {
    check('entries are claimed oldest first, each once', async ({ bus: { events, queue } }) => {
      const ids = [await submit(events), await submit(events), await submit(events)];
      const claimed = [];
      for (const worker of ['a', 'b', 'a']) claimed.push((await claimNow(queue, worker)).jobId);
      assert.deepEqual(claimed, ids);
    });

    check('a claim waits for an entry and wakes for it', async ({ bus: { events, queue } }) => {
      const waiting = queue.claim('jobs', 'worker-1', never());
      const jobId = await submit(events);
      assert.equal((await waiting)?.jobId, jobId);
    });

    check('a claim of one lane never gets an entry of another', async ({ bus: { events, queue } }) => {
      const stop = new AbortController();
      const elsewhere = queue.claim('agent:helper', 'worker-1', stop.signal);
      const jobId = await submit(events);
      assert.equal((await claimNow(queue)).jobId, jobId);
      assert.deepEqual(await queue.depth('agent:helper'), { waiting: 0, running: 0 });
      stop.abort();
      assert.equal(await elsewhere, undefined);
    });

    check('claimers that wait together share no entry', async ({ bus: { events, queue } }) => {
      const claims = Array.from({ length: 6 }, (_, n) => queue.claim('jobs', `worker-${n}`, never()));
      const ids = await Promise.all(Array.from({ length: 6 }, () => submit(events)));
      const claimed = (await Promise.all(claims)).map((claim) => claim?.jobId ?? '');
      assert.deepEqual(claimed.sort(), ids.sort());
    });

    check('an aborted claim has taken nothing', async ({ bus: { events, queue } }) => {
      const stop = new AbortController();
      const given = queue.claim('jobs', 'worker-1', stop.signal);
      stop.abort();
      assert.equal(await given, undefined);

      const jobId = await submit(events);
      assert.equal(await queue.claim('jobs', 'worker-1', AbortSignal.abort()), undefined);
      assert.deepEqual(await queue.depth('jobs'), { waiting: 1, running: 0 });
      assert.equal((await claimNow(queue, 'worker-2')).jobId, jobId);
    });

    check('a claim aborted while an entry arrives takes it or leaves it, never loses it', async ({ bus }) => {
      const { events, queue } = bus;
      for (let round = 0; round < 12; round += 1) {
        const stop = new AbortController();
        const racing = queue.claim('jobs', 'worker-1', stop.signal);
        const arriving = submit(events);
        if (round % 2 === 0) await new Promise(setImmediate);
        stop.abort();
        const [claim, jobId] = await Promise.all([racing, arriving]);
        const owner = claim ?? (await claimNow(queue, 'worker-2'));
        assert.equal(owner.jobId, jobId);
        await owner.ack();
        assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 0 });
      }
    });

    check(
      'a released entry goes to somebody else, an acked one to nobody',
      async ({ bus: { events, queue } }) => {
        const jobId = await submit(events);
        const first = await claimNow(queue, 'a');
        await first.release();
        assert.deepEqual(await queue.depth('jobs'), { waiting: 1, running: 0 });
        const second = await claimNow(queue, 'b');
        assert.equal(second.jobId, jobId);
        assert.equal(await first.extend(), false);
        await first.release();
        await first.ack();
        assert.equal(await second.extend(), true);
        assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 1 });
        await second.ack();
        await second.release();
        assert.equal(await second.extend(), false);
        assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 0 });
      },
    );

    check('a released entry wakes a claimer that waits', async ({ bus: { events, queue } }) => {
      const jobId = await submit(events);
      const first = await claimNow(queue, 'a');
      const waiting = queue.claim('jobs', 'b', never());
      await first.release();
      assert.equal((await waiting)?.jobId, jobId);
    });

    check('depth is waiting plus running at every step of a job', async ({ bus: { events, queue } }) => {
      const past = { now: Date.now() - 60_000 };
      const depths: (readonly [string, number, number])[] = [];
      const note = async (step: string) => {
        const { waiting, running } = await queue.depth('jobs');
        depths.push([step, waiting, running]);
      };
      const jobId = await submit(events, { order: { backoffS: 0 }, ...past });
      await note('submitted');
      await claimNow(queue);
      await note('claimed');
      await startAttempt(events, jobId, past);
      await note('started');
      await endAttempt(events, jobId, { kind: 'handed-back' }, past);
      await note('handed back');
      await claimNow(queue);
      await startAttempt(events, jobId, past);
      await endAttempt(events, jobId, CRASHED, past);
      await note('failed, to be retried');
      assert.equal(await queue.promoteDue(9), 1);
      await note('due');
      const last = await claimNow(queue);
      await startAttempt(events, jobId);
      await note('started again');
      await endAttempt(events, jobId, { kind: 'succeeded' });
      await note('succeeded');
      await last.ack();
      await note('acked after the end');
      assert.deepEqual(depths, [
        ['submitted', 1, 0],
        ['claimed', 0, 1],
        ['started', 0, 1],
        ['handed back', 1, 0],
        ['failed, to be retried', 0, 0],
        ['due', 1, 0],
        ['started again', 0, 1],
        ['succeeded', 0, 0],
        ['acked after the end', 0, 0],
      ]);
    });

    check('a cancelled job leaves the lane, whether it waits, is claimed or runs', async ({ bus }) => {
      const { events, queue } = bus;
      const [running, claimed, waiting] = [await submit(events), await submit(events), await submit(events)];
      const ofRunning = await claimNow(queue);
      const ofClaimed = await claimNow(queue);
      await startAttempt(events, running);
      assert.deepEqual(await queue.depth('jobs'), { waiting: 1, running: 2 });
      await carryOut(events, waiting, CANCEL);
      assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 2 });
      await carryOut(events, claimed, CANCEL);
      assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 1 });
      await carryOut(events, running, CANCEL);
      assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 1 });
      assert.equal(await ofRunning.extend(), true);
      await endAttempt(events, running, { kind: 'handed-back' });
      assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 0 });
      assert.equal(await ofRunning.extend(), false);
      assert.equal(await ofClaimed.extend(), false);
      for (const claim of [ofRunning, ofClaimed]) {
        await claim.release();
        await claim.ack();
      }
      assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 0 });
      const next = await submit(events);
      assert.equal((await claimNow(queue)).jobId, next);
    });

    check('a handed-back job is a fresh entry behind the others', async ({ bus: { events, queue } }) => {
      const jobId = await submit(events);
      const claim = await claimNow(queue);
      await startAttempt(events, jobId);
      const other = await submit(events);
      await endAttempt(events, jobId, { kind: 'handed-back' });
      assert.equal(await claim.extend(), false);
      await claim.ack();
      assert.deepEqual(await queue.depth('jobs'), { waiting: 2, running: 0 });
      assert.deepEqual([(await claimNow(queue)).jobId, (await claimNow(queue)).jobId], [other, jobId]);
    });

    check('a hand-back wakes a claimer that waits', async ({ bus: { events, queue } }) => {
      const jobId = await submit(events);
      await claimNow(queue, 'a');
      await startAttempt(events, jobId);
      const waiting = queue.claim('jobs', 'b', never());
      await endAttempt(events, jobId, { kind: 'handed-back' });
      assert.equal((await waiting)?.jobId, jobId);
    });

    check(
      'only jobs whose time has come are promoted, up to the limit',
      async ({ bus: { events, queue } }) => {
        const past = { now: Date.now() - 60_000 };
        const later = await submit(events, { order: { backoffS: 3600 }, ...past });
        const due = await Promise.all(
          [1, 2, 3].map(() => submit(events, { order: { backoffS: 0 }, ...past })),
        );
        const parked = await submit(events, past);
        for (const jobId of [later, ...due, parked]) {
          await claimNow(queue);
          await startAttempt(events, jobId, past);
        }
        for (const jobId of [later, ...due]) await endAttempt(events, jobId, CRASHED, past);
        const limit = { kind: 'failed', code: 'CLAUDE_USAGE_LIMIT', error: 'limit reached' } as const;
        await endAttempt(events, parked, { ...limit, resetsAt: Date.now() + 3_600_000 }, past);
        assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 0 });

        assert.equal(await queue.promoteDue(2), 2);
        assert.deepEqual(await queue.depth('jobs'), { waiting: 2, running: 0 });
        assert.equal(await queue.promoteDue(9), 1);
        assert.equal(await queue.promoteDue(9), 0);
        const claimed = [];
        for (let n = 0; n < 3; n += 1) claimed.push((await claimNow(queue)).jobId);
        assert.deepEqual(claimed.sort(), due.sort());
      },
    );

    check('the next process finds what waits, what is delayed and what ran', async (under) => {
      const { events, queue } = under.bus;
      const past = { now: Date.now() - 60_000 };
      const running = await submit(events, past);
      const delayed = await submit(events, { order: { backoffS: 3600 }, ...past });
      for (const jobId of [running, delayed]) {
        await claimNow(queue);
        await startAttempt(events, jobId, past);
      }
      await endAttempt(events, delayed, CRASHED, past);
      const waiting = [await submit(events), await submit(events)];

      const next = await under.reopen();
      const depth = await next.queue.depth('jobs');
      assert.equal(depth.waiting + depth.running, 3);
      assert.equal(await next.queue.promoteDue(9), 0);
      const claimed = new Set([(await claimNow(next.queue)).jobId, (await claimNow(next.queue)).jobId]);
      claimed.delete(running);
      assert.ok(waiting.some((jobId) => claimed.has(jobId)));
      await carryOut(next.events, delayed, CANCEL);
      assert.equal(await next.events.count('cancelled'), 1);
    });
  });
}

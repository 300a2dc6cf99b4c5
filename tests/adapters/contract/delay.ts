// The contract of delayed jobs: they come back in their time, and only if they are still wanted.
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
export function delayContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: delayed jobs`, () => {
    check('a promotion wakes a claimer that waits', async ({ bus: { events, queue } }) => {
      const past = { now: Date.now() - 60_000 };
      const jobId = await submit(events, { order: { backoffS: 0 }, ...past });
      await claimNow(queue, 'a');
      await startAttempt(events, jobId, past);
      await endAttempt(events, jobId, CRASHED, past);
      const waiting = queue.claim('jobs', 'b', never());
      assert.equal(await queue.promoteDue(9), 1);
      assert.equal((await waiting)?.jobId, jobId);
    });

    check('a job cancelled while it was delayed is not promoted', async ({ bus: { events, queue } }) => {
      const past = { now: Date.now() - 60_000 };
      const jobId = await submit(events, { order: { backoffS: 0 }, ...past });
      await claimNow(queue);
      await startAttempt(events, jobId, past);
      await endAttempt(events, jobId, CRASHED, past);
      await carryOut(events, jobId, CANCEL);
      assert.equal(await queue.promoteDue(9), 0);
      assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 0 });
    });

    check('promotions at the same time promote each job once', async ({ bus: { events, queue } }) => {
      const past = { now: Date.now() - 60_000 };
      for (let n = 0; n < 5; n += 1) {
        const jobId = await submit(events, { order: { backoffS: 0 }, ...past });
        await claimNow(queue);
        await startAttempt(events, jobId, past);
        await endAttempt(events, jobId, CRASHED, past);
      }
      const counts = await Promise.all([1, 2, 3, 4].map(() => queue.promoteDue(9)));
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        5,
      );
      assert.deepEqual(await queue.depth('jobs'), { waiting: 5, running: 0 });
    });
  });
}

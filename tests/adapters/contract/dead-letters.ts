// The contract of the dead letters: whoever used up its attempts is there until somebody sees to it.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Bus } from '../../../src/ports/bus.js';
import { carryOut, endAttempt, startAttempt, submit } from '../../support/ledger.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const CRASHED = { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'it crashed' } as const;
const REFUSED = { kind: 'failed', code: 'CLAUDE_AUTH_FAILED', error: 'no key' } as const;

/** A job that failed with its only attempt. */
async function failed({ events }: Bus, outcome: Parameters<typeof endAttempt>[2]): Promise<string> {
  const jobId = await submit(events, { order: { maxAttempts: 1 } });
  await startAttempt(events, jobId);
  await endAttempt(events, jobId, outcome);
  return jobId;
}

const idsOf = async ({ deadLetters }: Bus): Promise<readonly string[]> =>
  (await deadLetters.list(99)).letters.map(({ jobId }) => jobId);

/** Registers the cases. */
export function deadLetterContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: dead letters`, () => {
    check('a job that used up its attempts is among them, with the reason', async ({ bus }) => {
      const jobId = await failed(bus, CRASHED);
      await failed(bus, REFUSED);
      const { letters, next } = await bus.deadLetters.list(9);
      assert.deepEqual(
        letters.map(({ at: _at, ...letter }) => letter),
        [{ jobId, code: 'CLAUDE_CRASHED', error: 'it crashed' }],
      );
      assert.ok(Math.abs(Date.now() - (letters[0]?.at ?? 0)) < 60_000);
      assert.equal(next, undefined);
      assert.equal(await bus.deadLetters.count(), 1);
    });

    check('pages go on where the one before ended', async ({ bus }) => {
      const ids = [await failed(bus, CRASHED), await failed(bus, CRASHED), await failed(bus, CRASHED)];
      const first = await bus.deadLetters.list(2);
      const second = await bus.deadLetters.list(2, first.next);
      const found = [...first.letters, ...second.letters].map(({ jobId }) => jobId);
      assert.deepEqual(found.sort(), ids.sort());
      assert.equal(second.next, undefined);
    });

    check('one that is closed is gone, its job stays as it ended, its feed too', async (under) => {
      const { bus } = under;
      const [kept, closed] = [await failed(bus, CRASHED), await failed(bus, CRASHED)];
      const feed = await bus.feed.read({ kind: 'job', jobId: closed }, undefined, 99);
      await carryOut(bus.events, closed, { type: 'CloseDeadLetter', by: 'somebody', fate: 'dropped' });
      assert.deepEqual(await idsOf(bus), [kept]);
      const again = await under.reopen();
      assert.deepEqual(await idsOf(again), [kept]);
      assert.equal((await again.events.load(closed))?.job.status, 'failed');
      assert.equal((await again.events.read(closed)).at(-1)?.type, 'DeadLetterClosed');
      assert.deepEqual(await again.feed.read({ kind: 'job', jobId: closed }, undefined, 99), feed);
    });

    check('one whose job is removed goes with it', async ({ bus }) => {
      await bus.events.remove(await failed(bus, CRASHED));
      assert.deepEqual(await idsOf(bus), []);
    });
  });
}

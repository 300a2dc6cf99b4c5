// The contract of callbacks: whose end is to be told is known with the end itself, and one process at a time tells it.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { EventLog } from '../../../src/ports/event-log.js';
import { carryOut, endAttempt, startAttempt, submit } from '../../support/ledger.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const T0 = 1_700_000_000_000;
const HOLD = 60_000;
const order = { callbackUrl: 'https://example.com/hook' };
const DELIVERED = { kind: 'delivered', httpStatus: 204 } as const;
const FAILED = { kind: 'failed', error: 'It answered 500.', isFinal: false } as const;

/** A job that ended at `now`. */
async function ended(events: EventLog, now = T0, more = order): Promise<string> {
  const jobId = await submit(events, { now: T0, order: more });
  await carryOut(events, jobId, { type: 'RequestCancel', by: 'x' }, { now });
  return jobId;
}

/** Registers the cases. */
export function callbacksContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: callbacks`, () => {
    check('they are due with the end of the job, the longest overdue first', async ({ bus }) => {
      const { events, callbacks } = bus;
      const running = await submit(events, { now: T0, order });
      await startAttempt(events, running, { now: T0 });
      await ended(events, T0, {} as typeof order);
      assert.equal(await callbacks.count(), 0);
      await endAttempt(events, running, { kind: 'succeeded' }, { now: T0 + 2 });
      const sooner = await ended(events, T0 + 1);
      const later = await ended(events, T0 + 3);
      assert.deepEqual(await callbacks.take(T0, 9, T0 + HOLD), []);
      assert.deepEqual(await callbacks.take(T0 + 9, 2, T0 + HOLD), [sooner, running]);
      assert.deepEqual(await callbacks.take(T0 + 9, 2, T0 + HOLD), [later]);
      assert.equal(await callbacks.count(), 3);
    });

    check('what was taken and not recorded is due again after it was held', async ({ bus }) => {
      const { events, callbacks } = bus;
      const jobId = await ended(events);
      const takers = await Promise.all([1, 2, 3, 4].map(() => callbacks.take(T0, 9, T0 + HOLD)));
      assert.deepEqual(takers.flat(), [jobId], 'one of them has it');
      assert.deepEqual(await callbacks.take(T0 + HOLD - 1, 9, T0 + 2 * HOLD), []);
      assert.deepEqual(await callbacks.take(T0 + HOLD, 9, T0 + 2 * HOLD), [jobId]);
    });

    check('a failure is due at its retry, a delivery never, a removed job neither', async ({ bus }) => {
      const { events, callbacks } = bus;
      const [failed, delivered, removed] = [await ended(events), await ended(events), await ended(events)];
      await callbacks.take(T0, 9, T0 + HOLD);
      const record = (jobId: string, outcome: typeof FAILED | typeof DELIVERED) =>
        carryOut(events, jobId, { type: 'RecordCallback', outcome, jitter: 0 }, { now: T0 + 1 });
      await record(failed, FAILED);
      await record(delivered, DELIVERED);
      await events.remove(removed);
      assert.deepEqual(await callbacks.take(T0 + 5000, 9, T0), []);
      assert.deepEqual(await callbacks.take(T0 + 5001, 9, T0), [failed]);
      assert.equal(await callbacks.count(), 1);
      await carryOut(events, delivered, { type: 'AskForCallback', by: 'x' }, { now: T0 + 2 });
      assert.deepEqual(await callbacks.take(T0 + 2, 9, T0 + HOLD), [failed, delivered]);
    });

    check('the requests stand in the ledger and the fleet stream, and not in the feed', async ({ bus }) => {
      const { events, feed } = bus;
      const jobId = await ended(events);
      await carryOut(events, jobId, { type: 'RecordCallback', outcome: DELIVERED, jitter: 0 });
      const types = (await events.read(jobId)).map(({ type }) => type);
      assert.deepEqual(types.slice(-2), ['JobCancelled', 'CallbackDelivered']);
      const fleet = await feed.read({ kind: 'fleet' }, undefined, 99);
      assert.equal(fleet.entries.at(-1)?.type, 'CallbackDelivered');
      assert.equal((await events.load(jobId))?.job.callback?.attempts, 1);
      const { entries } = await feed.read({ kind: 'job', jobId }, undefined, 99);
      assert.equal(entries.at(-1)?.type, 'JobCancelled');
      assert.deepEqual(await feed.read({ kind: 'job', jobId }, entries.at(-1)?.cursor, 99), {
        entries: [],
        gap: false,
      });
    });

    check('what is due survives the process, held or not', async ({ bus: { events, callbacks }, reopen }) => {
      const [one, two] = [await ended(events), await ended(events, T0 + 1)];
      await callbacks.take(T0, 1, T0 + HOLD);
      const next = await reopen();
      assert.equal(await next.callbacks.count(), 2);
      assert.deepEqual(
        (await next.callbacks.take(T0 + HOLD, 9, T0 + 2 * HOLD)).toSorted(),
        [one, two].toSorted(),
      );
    });

    check('one that went missing is put right, and comes along to another bus', async (under) => {
      const { events, callbacks, custody } = under.bus;
      const jobId = await ended(events);
      const stored = await events.load(jobId);
      assert.ok(stored);
      assert.deepEqual(await custody.reconcile(jobId, stored, false), []);
      const records = await events.read(jobId);
      await events.remove(jobId);
      const arrival = await custody.receive(jobId);
      const cursors = records.map((_, nth) => `${T0 + nth}-0`);
      assert.equal(await arrival.settle({ records, cursors, after: stored }), 'written');
      assert.deepEqual(await callbacks.take(T0, 9, T0 + HOLD), [jobId]);
    });
  });
}

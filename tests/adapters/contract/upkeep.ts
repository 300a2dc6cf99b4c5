// The contract of upkeep: a job is due at the time its state says, however many others wait before it.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { carryOut, endAttempt, startAttempt, submit } from '../../support/ledger.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const T0 = 1_700_000_000_000;
const CRASHED = { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'it crashed' } as const;

/** Registers the cases. */
export function upkeepContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: upkeep`, () => {
    check('a waiting job is due when its wait expires, the longest overdue first', async ({ bus }) => {
      const { events } = bus;
      for (let n = 0; n < 20; n += 1) await submit(events, { now: T0 + n });
      const brief = await submit(events, { now: T0 + 5_000, order: { queueTtlS: 3 } });
      const briefer = await submit(events, { now: T0 + 5_000, order: { queueTtlS: 2 } });
      assert.deepEqual(await events.upkeepDue(T0 + 7_000, 5), []);
      assert.deepEqual(await events.upkeepDue(T0 + 7_001, 5), [briefer]);
      assert.deepEqual(await events.upkeepDue(T0 + 60_000, 5), [briefer, brief]);
      assert.deepEqual(await events.upkeepDue(T0 + 60_000, 1), [briefer]);
      assert.deepEqual(await events.upkeepDue(T0 + 60_000, 0), []);
    });

    check(
      'a running job is never due; waiting again, it has its earlier waiting behind it',
      async ({ bus }) => {
        const { events } = bus;
        const jobId = await submit(events, { now: T0, order: { queueTtlS: 10 } });
        await startAttempt(events, jobId, { now: T0 + 4_000 });
        assert.deepEqual(await events.upkeepDue(T0 + 99_000, 5), []);
        await endAttempt(events, jobId, { kind: 'handed-back' }, { now: T0 + 50_000 });
        assert.deepEqual(await events.upkeepDue(T0 + 56_000, 5), []);
        assert.deepEqual(await events.upkeepDue(T0 + 56_001, 5), [jobId]);
      },
    );

    check('parked time does not count as waiting', async ({ bus: { events } }) => {
      const jobId = await submit(events, { now: T0, order: { queueTtlS: 10 } });
      await startAttempt(events, jobId, { now: T0 });
      const limit = { kind: 'failed', code: 'CLAUDE_USAGE_LIMIT', error: '', resetsAt: T0 + 90_000 } as const;
      await endAttempt(events, jobId, limit, { now: T0 });
      assert.deepEqual(await events.upkeepDue(T0 + 99_000, 5), []);
      const until = (await events.load(jobId))?.job.nextAttemptAt ?? 0;
      assert.deepEqual(await events.upkeepDue(until + 10_001, 5), [jobId]);
    });

    check('an ended job is due after its ttl, and a removed one never', async ({ bus: { events } }) => {
      for (let n = 0; n < 10; n += 1) {
        const long = await submit(events, { now: T0, order: { ttlS: 86_400 } });
        await carryOut(events, long, { type: 'RequestCancel', by: 'x' }, { now: T0 });
      }
      const jobId = await submit(events, { now: T0, order: { ttlS: 5, maxAttempts: 1 } });
      await startAttempt(events, jobId, { now: T0 });
      await endAttempt(events, jobId, CRASHED, { now: T0 + 1_000 });
      assert.deepEqual(await events.upkeepDue(T0 + 5_999, 5), []);
      assert.deepEqual(await events.upkeepDue(T0 + 6_000, 5), [jobId]);
      await events.remove(jobId);
      assert.deepEqual(await events.upkeepDue(T0 + 6_000, 5), []);
      await events.putOffUpkeep(jobId, T0 + 6_000, T0);
      assert.deepEqual(await events.upkeepDue(T0 + 6_000, 5), []);
    });

    check('an ended job is due when what was said in it is over, before its ttl', async ({ bus }) => {
      const { events } = bus;
      const jobId = await submit(events, { now: T0, order: { ttlS: 60, feedTtlS: 5 } });
      const brief = await submit(events, { now: T0, order: { ttlS: 3, feedTtlS: 30 } });
      for (const each of [jobId, brief])
        await carryOut(events, each, { type: 'RequestCancel', by: 'x' }, { now: T0 + 1_000 });
      assert.deepEqual(await events.upkeepDue(T0 + 3_999, 5), []);
      assert.deepEqual(await events.upkeepDue(T0 + 6_000, 5), [brief, jobId]);
      await events.putOffUpkeep(jobId, T0 + 6_000, T0 + 61_000);
      assert.deepEqual(await events.upkeepDue(T0 + 60_999, 5), [brief]);
    });

    check('a due job can be put off, one that is not due stays where it is', async ({ bus: { events } }) => {
      const jobId = await submit(events, { now: T0, order: { queueTtlS: 1 } });
      await events.putOffUpkeep(jobId, T0 + 1_000, T0 + 99_000);
      assert.deepEqual(await events.upkeepDue(T0 + 1_001, 5), [jobId]);
      await events.putOffUpkeep(jobId, T0 + 1_001, T0 + 9_000);
      assert.deepEqual(await events.upkeepDue(T0 + 8_999, 5), []);
      assert.deepEqual(await events.upkeepDue(T0 + 9_000, 5), [jobId]);
      await startAttempt(events, jobId, { now: T0 + 500 });
      await events.putOffUpkeep(jobId, T0 + 9_000, T0);
      assert.deepEqual(await events.upkeepDue(T0 + 9_000, 5), []);
    });

    check('what is due survives the process', async ({ bus: { events }, reopen }) => {
      const jobId = await submit(events, { now: T0, order: { queueTtlS: 1 } });
      const next = (await reopen()).events;
      assert.deepEqual(await next.upkeepDue(T0 + 1_001, 5), [jobId]);
    });
  });
}

// The contract of upkeep: a job is due at the time its state says, however many others wait before it.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { EventLog } from '../../../src/ports/event-log.js';
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
      assert.deepEqual(await due(events, T0 + 7_000), []);
      assert.deepEqual(await due(events, T0 + 8_000), [briefer]);
      assert.deepEqual(await due(events, T0 + 60_000), [briefer, brief]);
      assert.deepEqual(await due(events, T0 + 60_000, 1), [briefer]);
      assert.deepEqual(await due(events, T0 + 60_000, 0), []);
    });

    check('waiting again, a job has its earlier waiting behind it', async ({ bus: { events } }) => {
      const jobId = await submit(events, { now: T0, order: { queueTtlS: 10 } });
      await startAttempt(events, jobId, { now: T0 + 4_000 });
      await dropOld(events, T0 + 49_000);
      await endAttempt(events, jobId, { kind: 'handed-back' }, { now: T0 + 50_000 });
      assert.deepEqual(await due(events, T0 + 56_000), []);
      assert.deepEqual(await due(events, T0 + 57_000), [jobId]);
    });

    check('parked time does not count as waiting', async ({ bus: { events } }) => {
      const jobId = await submit(events, { now: T0, order: { queueTtlS: 10 } });
      await startAttempt(events, jobId, { now: T0 });
      const limit = { kind: 'failed', code: 'CLAUDE_USAGE_LIMIT', error: '', resetsAt: T0 + 90_000 } as const;
      await endAttempt(events, jobId, limit, { now: T0 });
      await dropOld(events, T0 + 60_000);
      assert.deepEqual(await due(events, T0 + 99_000), []);
      const until = (await events.load(jobId))?.job.nextAttemptAt ?? 0;
      assert.deepEqual(await due(events, until + 11_000), [jobId]);
    });

    check('an ended job is due after its ttl', async ({ bus: { events } }) => {
      for (let n = 0; n < 10; n += 1) {
        const long = await submit(events, { now: T0, order: { ttlS: 86_400 } });
        await carryOut(events, long, { type: 'RequestCancel', by: 'x' }, { now: T0 });
      }
      const jobId = await submit(events, { now: T0, order: { ttlS: 5, maxAttempts: 1 } });
      await startAttempt(events, jobId, { now: T0 });
      await endAttempt(events, jobId, CRASHED, { now: T0 + 1_000 });
      assert.deepEqual(await due(events, T0 + 5_999), []);
      assert.deepEqual(await due(events, T0 + 7_000), [jobId]);
    });

    check('of a removed job nothing comes again', async ({ bus: { events } }) => {
      const jobId = await submit(events, { now: T0 });
      await events.putOffUpkeep(jobId, T0, T0 + 2_000);
      await events.remove(jobId);
      assert.deepEqual(await due(events, T0 + 60_000), []);
      await events.putOffUpkeep(jobId, T0 + 6_000, T0);
      assert.deepEqual(await due(events, T0 + 60_000), []);
    });

    check('an ended job is due when what was said in it is over, before its ttl', async ({ bus }) => {
      const { events } = bus;
      const jobId = await submit(events, { now: T0, order: { ttlS: 60, feedTtlS: 5 } });
      const brief = await submit(events, { now: T0, order: { ttlS: 3, feedTtlS: 30 } });
      for (const each of [jobId, brief])
        await carryOut(events, each, { type: 'RequestCancel', by: 'x' }, { now: T0 + 1_000 });
      assert.deepEqual(await due(events, T0 + 3_999), []);
      assert.deepEqual(await due(events, T0 + 7_000), [brief, jobId]);
    });

    check('what was put off is due then, once', async ({ bus: { events } }) => {
      const jobId = await submit(events, { now: T0, order: { queueTtlS: 1 } });
      const notes = await events.upkeepDue(T0 + 2_001, 5);
      await events.putOffUpkeep(jobId, T0 + 2_001, T0 + 9_000);
      await events.dropUpkeep(notes);
      assert.deepEqual(await due(events, T0 + 8_999), []);
      assert.deepEqual(await due(events, T0 + 9_000), [jobId]);
      const again = await events.upkeepDue(T0 + 9_000, 5);
      await events.putOffUpkeep(jobId, T0 + 9_000, T0 + 20_000);
      await events.dropUpkeep(again);
      await events.putOffUpkeep(jobId, T0 + 9_000, T0 + 30_000);
      assert.deepEqual(await due(events, T0 + 19_999), []);
      assert.deepEqual(await due(events, T0 + 20_000), [jobId], 'the earlier time counts');
      await events.putOffUpkeep(jobId, T0 + 9_000, T0 + 10_000);
      assert.deepEqual(await due(events, T0 + 9_999), []);
      assert.deepEqual(await due(events, T0 + 10_000), [jobId]);
    });

    check('a job that is put off before its time is due in its time', async ({ bus: { events } }) => {
      const jobId = await submit(events, { now: T0, order: { queueTtlS: 1 } });
      await events.putOffUpkeep(jobId, T0 + 1_000, T0 + 99_000);
      assert.deepEqual(await due(events, T0 + 2_001), [jobId]);
    });

    check('notes that were not dropped come again, and survive the process', async ({ bus, reopen }) => {
      const jobs = [0, 1, 2].map((n) => submit(bus.events, { now: T0 + n, order: { queueTtlS: 1 } }));
      const [first, second, third] = await Promise.all(jobs);
      assert.deepEqual(await due(bus.events, T0 + 3_000), [first, second, third]);
      const next = (await reopen()).events;
      assert.deepEqual(await due(next, T0 + 3_000, 2), [first, second]);
    });
  });
}

/** The jobs that upkeep is told to look at. */
async function due(events: EventLog, now: number, limit = 5): Promise<readonly string[]> {
  return (await events.upkeepDue(now, limit)).map(({ jobId }) => jobId);
}

/** As upkeep does when there is nothing to do with what it has looked at. */
const dropOld = async (events: EventLog, now: number): Promise<void> =>
  events.dropUpkeep(await events.upkeepDue(now, 99));

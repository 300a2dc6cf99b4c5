import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { upkeepLoop } from '../../src/app/loops/upkeep.js';
import { AgenticoreError } from '../../src/domain/errors.js';
import type { EventLog } from '../../src/ports/event-log.js';
import { eventually } from '../support/eventually.js';
import { carryOut, startAttempt, submit } from '../support/ledger.js';
import { setStage } from './doubles.js';

const HOUR = 3_600_000;

/** Runs the loop until `probe` answers; gives the ids of the directories that were removed. */
async function keepUpUntil(
  over: { readonly events: EventLog; readonly remove?: (jobId: string) => Promise<void> },
  deps: Awaited<ReturnType<typeof setStage>>['deps'],
  probe: () => Promise<boolean>,
): Promise<readonly string[]> {
  const removed: string[] = [];
  const stop = new AbortController();
  const directories = {
    ...deps.directories,
    remove: async (jobId: string) => {
      await over.remove?.(jobId);
      removed.push(jobId);
    },
  };
  const loop = upkeepLoop({ ...deps, events: over.events, directories, clock: systemClock }, stop.signal);
  try {
    await eventually('upkeep has done it', probe);
  } finally {
    stop.abort();
    await loop;
  }
  return removed;
}

describe('upkeep', () => {
  it('finds the few that waited too long behind many that may wait on', async () => {
    const { deps, bus, close } = await setStage();
    const { events } = bus;
    const now = Date.now();
    for (let n = 0; n < 300; n += 1) await submit(events, { now: now - 2 * HOUR + n });
    const late = await submit(events, { now: now - HOUR, order: { queueTtlS: 60 } });
    const running = await submit(events, { now: now - HOUR, order: { queueTtlS: 60 } });
    await startAttempt(events, running, { now: now - HOUR });
    await keepUpUntil({ events }, deps, async () => (await events.count('expired')) === 1);
    assert.equal((await events.load(late))?.job.status, 'expired');
    assert.equal((await events.load(running))?.job.status, 'running');
    assert.equal(await events.count('queued'), 300);
    await close();
  });

  it('forgets ended jobs after their ttl with their directories, behind many that stay', async () => {
    const { deps, bus, close } = await setStage();
    const { events } = bus;
    const at = Date.now() - HOUR;
    const cancel = { type: 'RequestCancel', by: 'x' } as const;
    for (let n = 0; n < 210; n += 1) {
      const jobId = await submit(events, { now: at - n, order: { ttlS: 86_400 } });
      await carryOut(events, jobId, cancel, { now: at });
    }
    const gone = await submit(events, { now: at, order: { ttlS: 60 } });
    await carryOut(events, gone, cancel, { now: at });
    const removed = await keepUpUntil({ events }, deps, async () => (await events.load(gone)) === undefined);
    assert.deepEqual(removed, [gone]);
    assert.equal(await events.count('cancelled'), 210);
    await close();
  });

  it('leaves what cannot be dealt with alone for a while, and goes on with the others', async () => {
    const { deps, bus, close } = await setStage();
    const { events } = bus;
    const at = Date.now() - HOUR;
    const order = { queueTtlS: 60, ttlS: 60 };
    const broken = await submit(events, { now: at - 2, order });
    const stuck = await submit(events, { now: at - 1, order });
    await carryOut(events, stuck, { type: 'RequestCancel', by: 'x' }, { now: at });
    const late = await submit(events, { now: at, order });
    const load: EventLog['load'] = async (jobId) => {
      if (jobId === broken) throw new AgenticoreError('BUS_CORRUPT');
      return events.load(jobId);
    };
    const remove = async (): Promise<void> => {
      throw new Error('EACCES');
    };
    await keepUpUntil(
      { events: { ...events, load }, remove },
      deps,
      async () =>
        (await events.load(late))?.job.status === 'expired' &&
        (await events.upkeepDue(Date.now(), 10)).length === 0,
    );
    assert.equal((await events.load(broken))?.job.status, 'queued');
    assert.equal((await events.load(stuck))?.job.status, 'cancelled');
    await close();
  });
});

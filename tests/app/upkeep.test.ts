import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openFileBus } from '../../src/adapters/file/open-file-bus.js';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { upkeepLoop } from '../../src/app/loops/upkeep.js';
import { AgenticoreError } from '../../src/domain/errors.js';
import type { Bus } from '../../src/ports/bus.js';
import type { Clock } from '../../src/ports/clock.js';
import type { EventLog } from '../../src/ports/event-log.js';
import { eventually } from '../support/eventually.js';
import { carryOut, endAttempt, startAttempt, submit } from '../support/ledger.js';
import { tempDir } from '../support/temp-dir.js';
import { setStage } from './doubles.js';

const HOUR = 3_600_000;

/** Runs the loop until `probe` answers; gives the ids of the directories that were removed. */
async function keepUpUntil(
  over: {
    readonly bus: Bus;
    readonly events?: EventLog;
    readonly remove?: (jobId: string) => Promise<void>;
  },
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
  const { bus, events = bus.events } = over;
  const loop = upkeepLoop({ ...deps, bus, events, directories }, stop.signal);
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
    await keepUpUntil({ bus }, deps, async () => (await events.count('expired')) === 1);
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
    const removed = await keepUpUntil({ bus }, deps, async () => (await events.load(gone)) === undefined);
    assert.deepEqual(removed, [gone]);
    assert.equal(await events.count('cancelled'), 210);
    await close();
  });

  it('forgets what was said in ended jobs after their feed ttl, and what happened after their ttl', async () => {
    const { deps, close } = await setStage();
    let now = 1_700_000_000_000;
    const clock = { ...systemClock, now: () => now };
    const bus = await openFileBus({ home: await tempDir(), leaseMs: 60_000, clock });
    const { events, feed, custody } = bus;
    const jobId = await submit(events, { now, order: { feedTtlS: 60, ttlS: 3600 } });
    const whole = await submit(events, { now, order: { ttlS: 3600 } });
    const seen = async (): Promise<number> =>
      (await feed.read({ kind: 'job', jobId }, undefined, 50)).entries.filter(({ kind }) => kind === 'event')
        .length;
    for (const each of [jobId, whole]) {
      await startAttempt(events, each, { now });
      await endAttempt(events, each, { kind: 'succeeded' }, { now });
    }
    const [happened, ledger] = [await seen(), await events.read(jobId)];

    now += 60_000;
    await keepUpUntil({ bus }, { ...deps, clock }, async () => (await events.upkeepDue(now, 9)).length === 0);
    assert.notEqual(await custody.trimMark(jobId), undefined);
    assert.equal(await custody.trimMark(whole), undefined, 'kept as long as its record');
    assert.deepEqual([await seen(), await events.read(jobId)], [happened, ledger]);

    now += 3_540_000;
    assert.deepEqual(
      (await events.upkeepDue(now, 9)).map(({ jobId: id }) => id).toSorted(),
      [jobId, whole].toSorted(),
    );
    await keepUpUntil({ bus }, { ...deps, clock }, async () => (await events.load(jobId)) === undefined);
    await bus.close();
    await close();
  });

  it('counts no waiting of a job that its repository held back, and looks again in time', async () => {
    const { deps, close } = await setStage();
    let now = 1_700_000_000_000;
    const clock = { ...systemClock, now: () => now };
    const bus = await openFileBus({ home: await tempDir(), leaseMs: 60_000, maxPerRepo: 1, clock });
    const { events } = bus;
    const order = { repoUrl: 'https://git.example/a', queueTtlS: 60 };
    const [first, held] = [await submit(events, { now, order }), await submit(events, { now, order })];
    await startAttempt(events, first, { now });
    const nothingDue = async (): Promise<boolean> => (await events.upkeepDue(now, 9)).length === 0;

    now += HOUR;
    assert.deepEqual(await events.upkeepDue(now, 9), [{ jobId: held, filed: '', isOnly: true }]);
    await keepUpUntil({ bus }, { ...deps, clock }, nothingDue);
    assert.equal((await events.load(held))?.job.status, 'queued', 'still held');

    await carryOut(
      events,
      first,
      { type: 'EndAttempt', attempt: 1, outcome: { kind: 'succeeded' }, jitter: 0 },
      { now },
    );
    now += 59_000;
    await keepUpUntil({ bus }, { ...deps, clock }, nothingDue);
    assert.equal((await events.load(held))?.job.status, 'queued', 'it waits since it was let in');
    now += 2_000;
    await keepUpUntil({ bus }, { ...deps, clock }, async () => (await events.count('expired')) === 1);
    await bus.close();
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
      { bus, events: { ...events, load }, remove },
      deps,
      async () =>
        (await events.load(late))?.job.status === 'expired' &&
        (await events.upkeepDue(Date.now(), 10)).length === 0,
    );
    assert.equal((await events.load(broken))?.job.status, 'queued');
    assert.equal((await events.load(stuck))?.job.status, 'cancelled');
    await close();
  });

  it('keeps a job whose ledger cannot be read, however old it is, and removes it once somebody mended it', async () => {
    const { deps, close } = await setStage();
    let now = 1_700_000_000_000;
    const clock = { ...systemClock, now: () => now };
    const bus = await openFileBus({ home: await tempDir(), leaseMs: 60_000, clock });
    const { events } = bus;
    const order = { ttlS: 60 };
    const [damaged, whole] = [await submit(events, { now, order }), await submit(events, { now, order })];
    for (const id of [damaged, whole])
      await carryOut(events, id, { type: 'RequestCancel', by: 'x' }, { now });
    let isMended = false;
    const load: EventLog['load'] = async (jobId) => {
      if (jobId === damaged && !isMended) throw new AgenticoreError('BUS_CORRUPT');
      return events.load(jobId);
    };
    const keepUp = (gone: string) =>
      keepUpUntil(
        { bus, events: { ...events, load } },
        { ...deps, clock },
        async () => (await events.load(gone)) === undefined && (await events.upkeepDue(now, 9)).length === 0,
      );
    now += 365 * 24 * HOUR;
    assert.deepEqual(await keepUp(whole), [whole]);
    assert.equal((await events.load(damaged))?.job.status, 'cancelled');
    isMended = true;
    now += 600_001;
    assert.deepEqual(await keepUp(damaged), [damaged]);
    await bus.close();
    await close();
  });

  it('makes room on a bus that is full however many that take some are due before', async () => {
    const { deps, bus, close } = await setStage();
    const { events } = bus;
    const at = Date.now() - HOUR;
    const order = { queueTtlS: 60, ttlS: 60, feedTtlS: 60 };
    const [expired = ''] = await Promise.all(
      Array.from({ length: 230 }, () => submit(events, { now: at - 2, order })),
    );
    const damaged = await submit(events, { now: at - 2, order });
    const outlived = await submit(events, { now: at - 1, order });
    await carryOut(events, outlived, { type: 'RequestCancel', by: 'x' }, { now: at });
    assert.equal((await events.upkeepDue(Date.now(), 999)).at(-1)?.jobId, outlived);
    const full = async (): Promise<never> => {
      throw new AgenticoreError('BUS_UNREACHABLE');
    };
    const load: EventLog['load'] = async (jobId) => {
      if (jobId === damaged) throw new AgenticoreError('BUS_CORRUPT');
      return events.load(jobId);
    };
    const refusing = { ...events, load, append: full, putOffUpkeep: full };
    const clock: Clock = { ...systemClock, sleep: (_ms, signal) => systemClock.sleep(1, signal) };
    await keepUpUntil(
      { bus, events: refusing },
      { ...deps, clock },
      async () => (await events.load(outlived)) === undefined,
    );
    assert.equal((await events.load(expired))?.job.status, 'queued');
    await close();
  });
});

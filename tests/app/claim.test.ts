// Who runs next in which slot. A worker whose disk is full claims nothing: it would only fail what others could do.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openFileBus } from '../../src/adapters/file/open-file-bus.js';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { claimLoop, type Succession } from '../../src/app/loops/claim.js';
import { createSlots } from '../../src/app/slots.js';
import type { Bus } from '../../src/ports/bus.js';
import type { Clock } from '../../src/ports/clock.js';
import type { Claim } from '../../src/ports/command-queue.js';
import { eventually } from '../support/eventually.js';
import { startAttempt, submit, transition } from '../support/ledger.js';
import { tempDir } from '../support/temp-dir.js';

const LEASE_MS = 60_000;

interface Setting {
  readonly lackAtFirst?: string;
  /** In the place of running the job. */
  readonly run?: (claim: Claim, nth: number, bus: Bus, succession: Succession) => Promise<'no-room' | 'over'>;
  readonly slots?: number;
  readonly sleep?: Clock['sleep'];
}

const briefly: Clock['sleep'] = (ms, signal) => systemClock.sleep(Math.min(ms, 20), signal);

async function done(claim: Claim): Promise<'over'> {
  await claim.ack();
  return 'over';
}

async function scene(
  t: { after(done: () => Promise<void>): void },
  { lackAtFirst, run = done, slots = 2, sleep = briefly }: Setting = {},
) {
  const bus = await openFileBus({ home: await tempDir(), leaseMs: LEASE_MS });
  const over = new AbortController();
  let lack = lackAtFirst;
  let asked = 0;
  let waits = 0;
  const ran: string[] = [];
  const told: string[] = [];
  const loop = claimLoop(
    {
      ...{ lane: 'jobs', worker: 'worker-1', leaseMs: LEASE_MS, slots: createSlots(slots) },
      queue: {
        ...bus.queue,
        claim: (...order) => {
          waits += 1;
          return bus.queue.claim(...order);
        },
      },
      room: {
        async lack() {
          asked += 1;
          return lack;
        },
      },
      async run(claim: Claim, succession: Succession) {
        ran.push(claim.jobId);
        return run(claim, ran.length, bus, succession);
      },
      clock: { ...systemClock, sleep },
      log: (fact) => void told.push(fact),
    },
    over.signal,
  );
  t.after(async () => {
    over.abort();
    await loop;
    await bus.close();
  });
  return {
    bus,
    ran,
    told,
    asked: () => asked,
    waits: () => waits,
    leave: () => over.abort(),
    ended: () => loop,
    setLack: (now: string | undefined) => {
      lack = now;
    },
  };
}

describe('the claim loop', () => {
  it('gives back what it had waited for when the disk filled up meanwhile, and goes on when there is room', async (t) => {
    const { bus, ran, told, asked, waits, setLack } = await scene(t);
    await eventually('it waits in both slots', () => waits() >= 2);
    setLack('The disk is full.');
    const jobId = await submit(bus.events);
    const before = asked();
    await eventually('it asks again and again', () => asked() > before + 5);
    assert.deepEqual(ran, []);
    assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 1, running: 0 });
    assert.equal((await bus.events.load(jobId))?.job.status, 'queued');
    assert.deepEqual(told, ['worker.disk_full']);
    setLack(undefined);
    await eventually('it runs', () => ran.length === 1);
    assert.deepEqual([ran, told.at(-1)], [[jobId], 'worker.disk_has_room']);
  });

  it('claims nothing at first while the disk is full', async (t) => {
    const { ran, told, asked, waits, setLack, bus } = await scene(t, { lackAtFirst: 'The disk is full.' });
    await submit(bus.events);
    await eventually('it asks again and again', () => asked() > 5);
    assert.deepEqual([waits(), ran, told], [0, [], ['worker.disk_full']]);
    setLack(undefined);
    await eventually('it runs', () => ran.length === 1);
  });

  it('asks the disk once for each claim, and once before the first', async (t) => {
    const { bus, ran, asked, waits } = await scene(t);
    for (let jobs = 0; jobs < 20; jobs += 1) await submit(bus.events);
    await eventually('all have run', () => ran.length === 20);
    await eventually('it waits for more', () => waits() >= 22);
    assert.equal(asked(), 21);
  });

  /** The job finds no room at first, and comes again. */
  const cramped: Setting['run'] = async (claim, nth) => {
    if (nth > 1) return done(claim);
    setImmediate(() => void claim.release());
    return 'no-room';
  };

  it('leaves a job that found no room here to others when it comes again, and tries when nobody takes it', async (t) => {
    const { bus, ran, told } = await scene(t, { run: cramped });
    const jobId = await submit(bus.events);
    await eventually('it runs again', () => ran.length === 2);
    assert.deepEqual(ran, [jobId, jobId]);
    assert.ok(told.includes('claim.left_to_others'), told.join());
  });

  it('does nothing else with it while others may take it', async (t) => {
    const untilOver: Clock['sleep'] = (_ms, signal) => systemClock.sleep(LEASE_MS, signal);
    const { bus, ran, told } = await scene(t, { run: cramped, sleep: untilOver });
    const jobId = await submit(bus.events);
    const both = () => told.filter((fact) => fact === 'claim.left_to_others').length === 2;
    await eventually('it is left to others, in both slots', both);
    const claim = await bus.queue.claim('jobs', 'worker-2', new AbortController().signal);
    assert.deepEqual([claim?.jobId, ran], [jobId, [jobId]]);
  });
});

/** Ends the attempt of the claimed job, and claims the next one with that if it may. */
async function goOn({ jobId }: Claim, { events }: Bus, { nextFor, follow }: Succession): Promise<'over'> {
  const end = { type: 'EndAttempt', attempt: 1, outcome: { kind: 'succeeded' }, jitter: 0 } as const;
  const result = await events.append({
    ...transition(await startAttempt(events, jobId), end),
    nextFor: nextFor(),
  });
  if (result.kind === 'appended' && result.next) follow(result.next);
  return 'over';
}

describe('the slot of an attempt that ends', () => {
  const run: Setting['run'] = (claim, _nth, bus, succession) => goOn(claim, bus, succession);
  const { sleep } = systemClock;

  it('goes to what was claimed with the end, without another question', async (t) => {
    const { bus, ran, waits, leave, ended } = await scene(t, { run, sleep, slots: 1 });
    await eventually('it waits', () => waits() === 1);
    const ids = await Promise.all(Array.from({ length: 6 }, () => submit(bus.events)));
    await eventually('it waits again', () => waits() === 2);
    assert.deepEqual(ran, ids);
    leave();
    await ended();
  });

  it('is not what a free one waits with: nothing is claimed then', async (t) => {
    const wanted: (string | undefined)[] = [];
    const { bus, waits } = await scene(t, {
      run: (claim, _nth, _bus, { nextFor }) => {
        wanted.push(nextFor());
        return done(claim);
      },
      sleep,
    });
    await eventually('it waits in both slots', () => waits() === 2);
    await submit(bus.events);
    await eventually('it waits in both again', () => waits() === 3);
    assert.deepEqual(wanted, [undefined]);
  });

  it('puts back what was claimed when the worker has been told to leave meanwhile', async (t) => {
    let leaving = (): void => {};
    const { bus, ran, leave, ended } = await scene(t, {
      async run(claim, _nth, of, succession) {
        await goOn(claim, of, succession);
        leaving();
        assert.equal(succession.nextFor(), undefined);
        return 'over';
      },
      sleep,
      slots: 1,
    });
    leaving = leave;
    const ids = [await submit(bus.events), await submit(bus.events)];
    await ended();
    await eventually('it is put back', async () => (await bus.queue.depth('jobs')).waiting === 1);
    assert.deepEqual(ran, ids.slice(0, 1));
  });

  it('puts back what was claimed when the disk is full', async (t) => {
    let fill = (): void => {};
    const stage = await scene(t, {
      async run(claim, _nth, bus, succession) {
        await goOn(claim, bus, succession);
        fill();
        return 'over';
      },
      slots: 1,
    });
    const { bus, ran, told, setLack } = stage;
    fill = () => setLack('The disk is full.');
    const ids = [await submit(bus.events), await submit(bus.events)];
    await eventually('it says so', () => told.includes('worker.disk_full'));
    await eventually('it is put back', async () => (await bus.queue.depth('jobs')).waiting === 1);
    assert.deepEqual(ran, ids.slice(0, 1));
    fill = () => {};
    setLack(undefined);
    await eventually('it runs when there is room', () => ran.length === 2);
  });

  it('claims nothing with an end on a disk that was full', async (t) => {
    let fill = (): void => {};
    const wanted: (string | undefined)[] = [];
    const stage = await scene(t, {
      async run(claim, nth, bus, succession) {
        await eventually('both run', () => stage.ran.length === 2);
        if (nth === 1) fill();
        else await eventually('it is known', () => stage.told.includes('worker.disk_full'));
        if (nth === 2) wanted.push(succession.nextFor());
        return goOn(claim, bus, succession);
      },
      sleep,
    });
    fill = () => stage.setLack('The disk is full.');
    for (let jobs = 0; jobs < 4; jobs += 1) await submit(stage.bus.events);
    await eventually('both have ended', async () => (await stage.bus.events.count('succeeded')) === 2);
    await eventually('none is held', async () => (await stage.bus.queue.depth('jobs')).running === 0);
    assert.deepEqual([stage.ran.length, wanted], [2, [undefined]]);
    assert.deepEqual(await stage.bus.queue.depth('jobs'), { waiting: 2, running: 0 });
  });

  it('is given up when it is time to look for what dead workers left', async (t) => {
    const { bus, ran } = await scene(t, {
      async run(claim, _nth, _bus, { nextFor }) {
        // `briefly` lets half a lease pass at once.
        await eventually('it wants nothing more', () => nextFor() === undefined);
        return done(claim);
      },
      slots: 1,
    });
    await submit(bus.events);
    await eventually('it ran', () => ran.length === 1);
  });

  it('goes on to the next when an attempt is abandoned behind its end', async (t) => {
    const { bus, ran, told } = await scene(t, {
      async run(claim, nth, of, succession) {
        await goOn(claim, of, succession);
        if (nth === 1) throw new Error('the worktree would not go');
        return 'over';
      },
      sleep,
      slots: 1,
    });
    const ids = [await submit(bus.events), await submit(bus.events)];
    await eventually('both ran', () => ran.length === 2);
    assert.deepEqual([ran, told], [ids, ['attempt.abandoned']]);
  });
});

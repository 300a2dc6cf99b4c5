// What was claimed with the end of an attempt runs in its slot, or is put back.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import type { Succession } from '../../src/app/loops/claim.js';
import type { Bus } from '../../src/ports/bus.js';
import type { Claim } from '../../src/ports/command-queue.js';
import type { NextFor } from '../../src/ports/event-log.js';
import { eventually } from '../support/eventually.js';
import { startAttempt, submit, transition } from '../support/ledger.js';
import { done, scene } from './claim-scene.js';

/** Ends the attempt of the claimed job, and claims the next one with that if it may. */
async function goOn({ jobId }: Claim, { events }: Bus, { nextFor, follow }: Succession): Promise<'over'> {
  const end = { type: 'EndAttempt', attempt: 1, outcome: { kind: 'succeeded' }, jitter: 0 } as const;
  const result = await events.append({
    ...transition(await startAttempt(events, jobId), end),
    nextFor: nextFor(true),
  });
  if (result.kind === 'appended' && result.next) follow(result.next);
  return 'over';
}

describe('the slot of an attempt that ends', () => {
  const { sleep } = systemClock;

  /** Lets no attempt end before all jobs are there. */
  function submitting(count: number) {
    const ids: string[] = [];
    return {
      ids,
      done: () => eventually('all are submitted', () => ids.length === count),
      async submit(bus: Bus) {
        while (ids.length < count) ids.push(await submit(bus.events));
      },
    };
  }

  it('goes to what was claimed with the end, without another question', async (t) => {
    const jobs = submitting(6);
    const { bus, ran, waits, leave, ended } = await scene(t, {
      async run(claim, _nth, of, succession) {
        await jobs.done();
        return goOn(claim, of, succession);
      },
      sleep,
      slots: 1,
    });
    await jobs.submit(bus);
    await eventually('it waits again', () => waits() === 2);
    assert.deepEqual(ran, jobs.ids);
    leave();
    await ended();
  });

  it('may begin with an attempt that starts at once, unless the end is a bad one', async (t) => {
    const wanted: (NextFor | undefined)[] = [];
    const { bus } = await scene(t, {
      run: (claim, _nth, _bus, { nextFor }) => {
        wanted.push(nextFor(true), nextFor(false), nextFor(true));
        return done(claim);
      },
      sleep,
      slots: 1,
    });
    await submit(bus.events);
    await eventually('it has run', () => wanted.length === 3);
    const starts = { worker: 'worker-1', start: { host: 'host-1', credential: 'c' } };
    assert.deepEqual(wanted, [starts, { worker: 'worker-1' }, starts]);
    assert.equal(wanted[0], wanted[2]); // what is one object shares a call
  });

  it('claims for itself also while another one waits', async (t) => {
    const wanted: (NextFor | undefined)[] = [];
    const { bus, waits } = await scene(t, {
      run: (claim, _nth, _bus, { nextFor }) => {
        wanted.push(nextFor(true));
        return done(claim);
      },
      sleep,
    });
    await eventually('it waits in both slots', () => waits() === 2);
    await submit(bus.events);
    await eventually('it waits in both again', () => waits() === 3);
    assert.deepEqual(wanted, [{ worker: 'worker-1', start: { host: 'host-1', credential: 'c' } }]);
  });

  it('puts back what was claimed when the worker has been told to leave meanwhile', async (t) => {
    let leaving = (): void => {};
    const jobs = submitting(2);
    const { bus, ran, leave, ended } = await scene(t, {
      async run(claim, _nth, of, succession) {
        await jobs.done();
        await goOn(claim, of, succession);
        leaving();
        assert.equal(succession.nextFor(true), undefined);
        return 'over';
      },
      sleep,
      slots: 1,
    });
    leaving = leave;
    await jobs.submit(bus);
    await ended();
    await eventually('it is put back', async () => (await bus.queue.depth('jobs')).waiting === 1);
    assert.deepEqual(ran, jobs.ids.slice(0, 1));
  });

  it('puts back what was claimed when the disk is full', async (t) => {
    let fill = (): void => {};
    const jobs = submitting(2);
    const stage = await scene(t, {
      async run(claim, _nth, bus, succession) {
        await jobs.done();
        await goOn(claim, bus, succession);
        fill();
        return 'over';
      },
      slots: 1,
    });
    const { bus, ran, told, setLack } = stage;
    fill = () => setLack('The disk is full.');
    await jobs.submit(bus);
    await eventually('it says so', () => told.includes('worker.disk_full'));
    await eventually('it is put back', async () => (await bus.queue.depth('jobs')).waiting === 1);
    assert.deepEqual(ran, jobs.ids.slice(0, 1));
    fill = () => {};
    setLack(undefined);
    await eventually('it runs when there is room', () => ran.length === 2);
  });

  it('claims nothing with an end on a disk that was full', async (t) => {
    let fill = (): void => {};
    const wanted: (NextFor | undefined)[] = [];
    const jobs = submitting(4);
    const stage = await scene(t, {
      async run(claim, nth, bus, succession) {
        await jobs.done();
        await eventually('both run', () => stage.ran.length === 2);
        if (nth === 1) fill();
        else await eventually('it is known', () => stage.told.includes('worker.disk_full'));
        if (nth === 2) wanted.push(succession.nextFor(true));
        return goOn(claim, bus, succession);
      },
      sleep,
    });
    fill = () => stage.setLack('The disk is full.');
    await jobs.submit(stage.bus);
    await eventually('both have ended', async () => (await stage.bus.events.count('succeeded')) === 2);
    await eventually('none is held', async () => (await stage.bus.queue.depth('jobs')).running === 0);
    assert.deepEqual([stage.ran.length, wanted], [2, [undefined]]);
    assert.deepEqual(await stage.bus.queue.depth('jobs'), { waiting: 2, running: 0 });
  });

  it('is given up when it is time to look for what dead workers left', async (t) => {
    const wanted: (NextFor | undefined)[] = [];
    const { bus } = await scene(t, {
      async run(claim, _nth, _bus, { nextFor }) {
        // `briefly` lets half a lease pass at once.
        await eventually('it wants nothing more', () => {
          wanted.push(nextFor(true));
          return wanted.at(-1) === undefined;
        });
        return done(claim);
      },
      slots: 1,
    });
    await submit(bus.events);
    await eventually('it has given up', () => wanted.includes(undefined));
  });

  it('goes on to the next when an attempt is abandoned behind its end', async (t) => {
    const jobs = submitting(2);
    const { bus, ran, told } = await scene(t, {
      async run(claim, nth, of, succession) {
        await jobs.done();
        await goOn(claim, of, succession);
        if (nth === 1) throw new Error('the worktree would not go');
        return 'over';
      },
      sleep,
      slots: 1,
    });
    await jobs.submit(bus);
    await eventually('both ran', () => ran.length === 2);
    assert.deepEqual([ran, told], [jobs.ids, ['attempt.abandoned']]);
  });
});

// A worker whose disk is full claims nothing: it would only fail what others could do.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import type { Clock } from '../../src/ports/clock.js';
import { eventually } from '../support/eventually.js';
import { submit } from '../support/ledger.js';
import { done, LEASE_MS, type Setting, scene } from './claim-scene.js';

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

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDirectLeases } from '../../src/adapters/file/memory/direct-leases.js';
import { openFileBus } from '../../src/adapters/file/open-file-bus.js';
import { sha256 } from '../../src/adapters/host/sha256.js';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { lapseLoop } from '../../src/app/loops/lapse.js';
import { createLeases } from '../../src/app/loops/lease.js';
import { eventually } from '../support/eventually.js';
import { carryOut, endAttempt, startTurn } from '../support/ledger.js';
import { tempDir } from '../support/temp-dir.js';

interface Scope {
  after(done: () => Promise<void>): void;
}

/** The loop over a file bus in which `left` did something before it was opened again. */
async function loopOver(t: Scope & Parameters<typeof tempDir>[0], leaseMs = 600_000) {
  const home = await tempDir(t);
  const open = () => openFileBus({ home, leaseMs });
  const stop = new AbortController();
  const said: string[] = [];
  const clock = {
    ...systemClock,
    sleep: (ms: number, signal: AbortSignal) => systemClock.sleep(ms / 100, signal),
  };
  return {
    open,
    said,
    run(bus: Awaited<ReturnType<typeof open>>) {
      const deps = { events: bus.events, queue: bus.queue, clock, hash: sha256 };
      const loop = lapseLoop({ ...deps, log: (msg) => said.push(msg) }, stop.signal);
      t.after(async () => {
        stop.abort('the test is over');
        await loop;
        await bus.close();
      });
    },
  };
}

describe('the lapse of direct turns', () => {
  it('ends those that a dead process left, each as its ledger says, and no other', async (t) => {
    const { open, run, said } = await loopOver(t);
    let bus = await open();
    const lost = await startTurn(bus.events);
    const cancelled = await startTurn(bus.events);
    await carryOut(bus.events, cancelled, { type: 'RequestCancel', by: 'x' });
    const ended = await startTurn(bus.events);
    await endAttempt(bus.events, ended, { kind: 'succeeded' });
    await bus.close();
    bus = await open();
    const alive = await startTurn(bus.events);
    run(bus);
    const { events } = bus;
    const status = async (jobId: string) => (await events.load(jobId))?.job.status;
    await eventually('both are ended', async () => (await events.count('running')) === 1);
    assert.deepEqual(
      [await status(lost), await status(cancelled), await status(ended), await status(alive)],
      ['failed', 'cancelled', 'succeeded', 'running'],
    );
    assert.equal((await events.load(lost))?.job.code, 'WORKER_LOST');
    await eventually('both are said', () => said.length === 2);
    assert.deepEqual(said, ['turn.lost', 'turn.lost']);
  });

  it('lets alone what is kept, and tells the keeper of what is lost', async (t) => {
    const { open, run } = await loopOver(t, 400);
    const bus = await open();
    const { events, queue } = bus;
    const leases = createLeases({ clock: systemClock, leaseMs: 400, log: () => {} });
    const kept = await startTurn(events);
    const gone = await startTurn(events);
    let lost = 0;
    const letGo = leases.keep(queue.holdDirect(kept, 1), () => {
      lost += 1;
    });
    run(bus);
    await eventually(
      'the other one is lost',
      async () => (await events.load(gone))?.job.code === 'WORKER_LOST',
    );
    assert.equal((await events.load(kept))?.job.status, 'running');
    assert.equal(lost, 0);
    await endAttempt(events, kept, { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'gone' });
    await eventually('its keeper hears of the end', () => lost === 1);
    letGo();
  });
});

describe('the leases of direct turns in memory', () => {
  it('do not lapse in a process that stood still, but those of a dead one do', () => {
    let now = 0;
    const leases = createDirectLeases(10_000, () => now);
    leases.begin('own', 1);
    leases.orphan('left', 1);
    const ids = () => leases.lapsed(9).map(({ jobId }) => jobId);
    assert.deepEqual(ids(), ['left']);
    now = 60_000;
    assert.deepEqual(ids(), ['left'], 'nobody could extend');
    for (; now < 70_000; now += 2000) assert.deepEqual(ids(), ['left']);
    assert.deepEqual(ids(), ['left', 'own']);
  });
});

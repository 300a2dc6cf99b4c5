// A worker whose disk is full claims nothing: it would only fail what others could do.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openFileBus } from '../../src/adapters/file/open-file-bus.js';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { claimLoop } from '../../src/app/loops/claim.js';
import { createSlots } from '../../src/app/slots.js';
import type { Claim } from '../../src/ports/command-queue.js';
import { eventually } from '../support/eventually.js';
import { submit } from '../support/ledger.js';
import { tempDir } from '../support/temp-dir.js';

const LEASE_MS = 60_000;

async function scene(t: { after(done: () => Promise<void>): void }) {
  const bus = await openFileBus({ home: await tempDir(), leaseMs: LEASE_MS });
  const over = new AbortController();
  let lack: string | undefined;
  let asked = 0;
  const ran: string[] = [];
  const told: string[] = [];
  const loop = claimLoop(
    {
      ...{ queue: bus.queue, lane: 'jobs', worker: 'worker-1', leaseMs: LEASE_MS, slots: createSlots(2) },
      room: {
        async lack() {
          asked += 1;
          return lack;
        },
      },
      async run(claim: Claim) {
        ran.push(claim.jobId);
        await claim.ack();
      },
      clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 20), signal) },
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
    setLack: (now: string | undefined) => {
      lack = now;
    },
  };
}

describe('the claim loop', () => {
  it('gives back what it had waited for when the disk filled up meanwhile, and goes on when there is room', async (t) => {
    const { bus, ran, told, asked, setLack } = await scene(t);
    await eventually('it waits in both slots', () => asked() >= 2);
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
});

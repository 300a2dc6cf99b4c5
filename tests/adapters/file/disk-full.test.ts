// The disk of the file bus is full: nothing is half accepted, what is there is read, removals make room, and everything
// goes on when there is some.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openFileBus } from '../../../src/adapters/file/open-file-bus.js';
import { isCode } from '../../../src/domain/errors.js';
import type { Bus } from '../../../src/ports/bus.js';
import { endAttempt, inFull, startAttempt, submit } from '../../support/ledger.js';
import { mountSmallDisk, needsSmallDisk, type SmallDisk } from '../../support/small-disk.js';

const isRefused = (error: unknown): boolean =>
  isCode(error, 'BUS_UNREACHABLE') && /ENOSPC: .+\. Make room on that disk\.$/.test(String(error));

const said = (seq: number, length = 10) => ({
  ...{ seq, kind: 'message' as const, type: 'assistant' },
  data: JSON.stringify({ attempt: 1, seq, text: 'x'.repeat(length) }),
});

async function scene(
  t: TestContext,
): Promise<{ readonly disk: SmallDisk; readonly home: string; open(): Promise<Bus> }> {
  const disk = mountSmallDisk('2m');
  const buses: Bus[] = [];
  t.after(async () => {
    for (const bus of buses) await bus.close();
    disk.remove();
  });
  const home = join(disk.path, 'home');
  return {
    disk,
    home,
    async open() {
      const bus = await openFileBus({ home, leaseMs: 60_000 });
      buses.push(bus);
      return bus;
    },
  };
}

describe('a file bus on a full disk', needsSmallDisk, () => {
  it('refuses what it cannot write, whole, and goes on where it was when there is room', async (t) => {
    const { disk, home, open } = await scene(t);
    const bus = await open();
    const jobId = await submit(bus.events);
    await startAttempt(bus.events, jobId);
    await bus.transcript.append(jobId, 1, [said(1)]);
    disk.fill();
    const big = { order: { task: 'x'.repeat(10_000) } };
    for (let tries = 0; tries < 3; tries += 1) {
      await assert.rejects(submit(bus.events, big), isRefused);
      await assert.rejects(bus.transcript.append(jobId, 1, [said(2, 10_000)]), isRefused);
      await assert.rejects(bus.ping(), isRefused);
    }
    assert.deepEqual(await readdir(join(home, 'bus', 'jobs')), [jobId]);
    assert.equal((await bus.feed.read({ kind: 'job', jobId }, undefined, 9)).entries.length, 3);
    disk.free();
    await bus.transcript.append(jobId, 1, [said(2, 10_000), said(3)]);
    const next = await submit(bus.events, big);
    await endAttempt(bus.events, jobId, { kind: 'succeeded' });
    const [before, feed] = [
      inFull(await bus.events.load(jobId)),
      await bus.feed.read({ kind: 'job', jobId }, undefined, 9),
    ];
    await bus.close();
    const again = await open();
    assert.deepEqual(inFull(await again.events.load(jobId)), before);
    assert.deepEqual(await again.feed.read({ kind: 'job', jobId }, undefined, 9), feed);
    assert.equal((await again.events.load(next))?.job.status, 'queued');
  });

  it('gets room by the removal of jobs', async (t) => {
    const { disk, open } = await scene(t);
    const bus = await open();
    const jobId = await submit(bus.events);
    await startAttempt(bus.events, jobId);
    await bus.transcript.append(jobId, 1, [said(1, 300_000)]);
    await endAttempt(bus.events, jobId, { kind: 'succeeded' });
    disk.fill();
    await assert.rejects(bus.ping(), isRefused);
    await bus.events.remove(jobId);
    await bus.ping();
    await submit(bus.events);
  });

  it('does not start, says why, and leaves nothing of trying', async (t) => {
    const { disk, home, open } = await scene(t);
    await (await open()).close();
    disk.fill();
    await assert.rejects(open(), isRefused);
    assert.deepEqual(
      (await readdir(join(home, 'bus'))).filter((name) => name.startsWith('lock')),
      [],
    );
    disk.free();
    await (await open()).ping();
  });
});

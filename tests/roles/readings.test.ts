import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openFileBus } from '../../src/adapters/file/open-file-bus.js';
import { AgenticoreError } from '../../src/domain/errors.js';
import type { Spools } from '../../src/ports/spool.js';
import { readingsOf } from '../../src/roles/readings.js';
import { startAttempt, submit } from '../support/ledger.js';
import { tempDir } from '../support/temp-dir.js';

const spools = { left: async () => [{ jobId: 'a', attempt: 1 }] } as unknown as Spools;

describe('how things stand', () => {
  it('is told of the bus while it answers; one that is away is down, and the rest unknown', async (t) => {
    const bus = await openFileBus({ home: await tempDir(t), leaseMs: 60_000 });
    t.after(() => bus.close());
    const jobId = await submit(bus.events);
    await submit(bus.events);
    await bus.queue.claim('jobs', 'worker-1', new AbortController().signal);
    await startAttempt(bus.events, jobId);
    const look = async (seen = bus) => {
      const all = await readingsOf({ bus: seen, spools, lane: 'jobs', agent: undefined });
      const known = all.filter(({ name }) => name !== 'claude_resident_bytes');
      return Object.fromEntries(
        known.map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(' '), value]),
      );
    };
    assert.deepEqual(await look(), {
      bus_up: 1,
      'lane_entries jobs waiting': 1,
      'lane_entries jobs running': 1,
      delayed: 0,
      dead: 0,
      callbacks_due: 0,
      spools: 1,
    });
    const depth = () => Promise.reject(new AgenticoreError('BUS_UNREACHABLE'));
    assert.deepEqual(await look({ ...bus, queue: { ...bus.queue, depth } }), { bus_up: 0, spools: 1 });
  });
});

// The contract of the registry: who is alive is whose heartbeat has not lapsed.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { WorkerRecord } from '../../../src/ports/registry.js';
import { eventually } from '../../support/eventually.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const record = (worker: string, changes: Partial<WorkerRecord> = {}): WorkerRecord => ({
  worker,
  host: 'host-1',
  version: '0.1.0',
  slots: 2,
  running: [],
  draining: false,
  startedAt: 1_700_000_000_000,
  seenAt: 1_700_000_001_000,
  ...changes,
});

const byName = (a: WorkerRecord, b: WorkerRecord): number => (a.worker < b.worker ? -1 : 1);

/** Registers the cases. */
export function registryContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: registry`, () => {
    check('workers that beat are listed as they last said', async ({ bus: { registry } }) => {
      assert.deepEqual(await registry.list(), []);
      await registry.beat(record('a'), 60_000);
      await registry.beat(record('b', { host: 'höst "2"\n' }), 60_000);
      const later = record('a', { running: ['job-1', 'job-2'], draining: true, seenAt: 1_700_000_002_000 });
      await registry.beat(later, 60_000);
      assert.deepEqual([...(await registry.list())].sort(byName), [
        later,
        record('b', { host: 'höst "2"\n' }),
      ]);
    });

    check(
      'a worker that stops beating lapses, one that leaves is gone at once',
      async ({ bus: { registry } }) => {
        await registry.beat(record('brief'), 40);
        await registry.beat(record('leaving'), 60_000);
        await registry.beat(record('staying'), 60_000);
        await registry.leave('leaving');
        await registry.leave('never came');
        await eventually('the heartbeat lapses', async () => {
          const names = (await registry.list()).map(({ worker }) => worker).sort();
          assert.ok(!names.includes('leaving'));
          return names.length === 1 && names[0] === 'staying';
        });
      },
    );

    check(
      'a worker that is asked to drain is rung for, and hears it at each beat',
      async ({ bus, reopen }) => {
        const { registry } = bus;
        assert.deepEqual(await registry.beat(record('a'), 60_000), { drain: false });
        await registry.beat(record('b'), 60_000);
        let rings = 0;
        const stop = await registry.watch('a', () => {
          rings += 1;
        });
        assert.equal(await registry.askToDrain('a'), true);
        await eventually('it rings', () => rings > 0);
        assert.deepEqual(await registry.beat(record('a'), 60_000), { drain: true });
        assert.deepEqual(await registry.beat(record('a', { draining: true }), 60_000), { drain: true });
        assert.deepEqual(await registry.beat(record('b'), 60_000), { drain: false });
        stop();
        stop();
        if (bus.name === 'file') return; // its workers end with the process
        const next = await reopen();
        assert.deepEqual(await next.registry.beat(record('a'), 60_000), { drain: true });
      },
    );

    check(
      'nobody is asked to drain who is not there, and what was asked ends with the worker',
      async ({ bus }) => {
        const { registry } = bus;
        assert.equal(await registry.askToDrain('nobody'), false);
        assert.deepEqual(await registry.beat(record('nobody'), 60_000), { drain: false });
        assert.equal(await registry.askToDrain('nobody'), true);
        await registry.leave('nobody');
        assert.equal(await registry.askToDrain('nobody'), false);
        assert.deepEqual(await registry.beat(record('nobody'), 40), { drain: false });
        assert.equal(await registry.askToDrain('nobody'), true);
        await eventually('the heartbeat lapses', async () => (await registry.list()).length === 0);
        assert.equal(await registry.askToDrain('nobody'), false);
        assert.deepEqual(await registry.beat(record('nobody'), 60_000), { drain: false });
      },
    );
  });
}

// The doorbell of one process: it rings after the step, and for nobody who left in between.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBells } from '../../../src/adapters/file/memory/bells.js';

const FEED = { kind: 'job', jobId: 'job-1' } as const;

test('who leaves between the append and its ring is not rung', async () => {
  const house = createBells();
  const rung: string[] = [];
  const leave = house.hang(FEED, () => rung.push('gone'));
  house.hang(FEED, () => rung.push('here'));
  house.hang({ kind: 'fleet' }, () => rung.push('elsewhere'));
  house.ring(FEED);
  leave();
  assert.deepEqual(rung, []);
  await new Promise(setImmediate);
  assert.deepEqual(rung, ['here']);
});

test('a bell hung up again after the last one left rings', async () => {
  const house = createBells();
  const first = house.hang(FEED, () => {});
  first();
  let rings = 0;
  house.hang(FEED, () => {
    rings += 1;
  });
  first();
  house.ring(FEED);
  await new Promise(setImmediate);
  assert.equal(rings, 1);
});

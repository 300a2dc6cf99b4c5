// The fleet stream is bounded, and says so when a reader asks for what it no longer has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFleetStream } from '../../../src/adapters/file/memory/fleet-stream.js';
import type { FeedEntry } from '../../../src/ports/feed.js';

const entry = (n: number, data = `{"n":${n}}`): FeedEntry => ({
  cursor: `7-${n}`,
  kind: 'event',
  type: 'JobSubmitted',
  data,
});
const range = (from: number, to: number): FeedEntry[] =>
  Array.from({ length: to - from }, (_, n) => entry(from + n));

test('only the newest are kept', () => {
  const fleet = createFleetStream(undefined, 10);
  fleet.push(range(0, 50));
  assert.deepEqual(fleet.read(undefined, 100), { entries: range(40, 50), gap: true });
  for (let n = 50; n < 85; n += 1) fleet.push([entry(n)]);
  assert.deepEqual(fleet.read(undefined, 3), { entries: range(75, 78), gap: true });
  assert.deepEqual(fleet.read('7-80', 100), { entries: range(81, 85), gap: false });
});

test('a reader who was away for too long is told of the gap', () => {
  const fleet = createFleetStream(undefined, 10);
  fleet.push(range(0, 20));
  assert.deepEqual(fleet.read('7-3', 2), { entries: range(10, 12), gap: true });
  assert.deepEqual(fleet.read('7-8', 2), { entries: range(10, 12), gap: true });
  assert.deepEqual(fleet.read('7-9', 2), { entries: range(10, 12), gap: false });
  const small = createFleetStream(undefined, 10);
  small.push(range(0, 5));
  assert.deepEqual(small.read('0-0', 2), { entries: range(0, 2), gap: false });
  const restored = createFleetStream('7-4', 10);
  restored.push(range(5, 7));
  assert.deepEqual(restored.read('7-3', 9), { entries: range(5, 7), gap: true });
  assert.deepEqual(restored.read('7-4', 9), { entries: range(5, 7), gap: false });
});

test('large events do not fill the memory', () => {
  const fleet = createFleetStream();
  const large = 'x'.repeat(1024 * 1024);
  for (let n = 0; n < 100; n += 1) fleet.push([entry(n, large)]);
  const { entries } = fleet.read(undefined, 10_000);
  assert.ok(entries.length <= 33);
  assert.equal(entries.at(-1)?.cursor, '7-99');
});

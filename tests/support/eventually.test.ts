// What tests wait with must itself never wait for ever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from './eventually.js';

test('waits until it is so', async () => {
  let asked = 0;
  const probe = () => {
    asked += 1;
    if (asked === 1) throw new Error('not yet');
    return asked === 3 && 'so';
  };
  assert.equal(await eventually('it is so', probe), 'so');
});

test('says what it waited for, and the last answer or error', async () => {
  await assert.rejects(
    eventually('it is so', () => false, 1),
    /^Error: not within 1 ms: it is so \(last answer: false\)$/,
  );
  const refuse = () => Promise.reject(new Error('no'));
  await assert.rejects(
    eventually('it is so', refuse, 1),
    /^Error: not within 1 ms: it is so \(last error: no\)$/,
  );
});

test('says so as well when the probe hangs', async () => {
  await assert.rejects(
    eventually('it is so', () => new Promise<boolean>(() => undefined), 1),
    /^Error: not within 1 ms: it is so \(last error: none, the probe hangs\)$/,
  );
});

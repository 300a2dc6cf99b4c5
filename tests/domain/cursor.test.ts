import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compareCursors, isCursor } from '../../src/domain/cursor.js';

/** In their order; numbers, not texts, are compared. */
const IN_ORDER = ['0-0', '9-0', '9-2', '9-10', '10-0', '11-9', '11-10', '1764250000000-0', '1764250000000-7'];

describe('cursors', () => {
  test('stand in the order of their milliseconds, and of their counts within one', () => {
    for (const [nth, a] of IN_ORDER.entries())
      for (const [other, b] of IN_ORDER.entries())
        assert.equal(Math.sign(compareCursors(a, b)), Math.sign(nth - other), `${a} and ${b}`);
  });

  test('of one length with the dash elsewhere are compared as numbers', () => {
    assert.ok(compareCursors('99-100', '100-99') < 0);
    assert.ok(compareCursors('100-99', '99-100') > 0);
    assert.equal(compareCursors('07-1', '7-01'), 0);
  });

  test('are known by their form', () => {
    for (const text of IN_ORDER) assert.ok(isCursor(text), text);
    for (const text of ['', '1', '1-', '-1', '1-1-1', 'a-1', '1-a', `${'9'.repeat(16)}-0`])
      assert.ok(!isCursor(text), text);
  });
});

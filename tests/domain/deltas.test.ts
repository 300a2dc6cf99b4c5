// Tiny deltas in, readable pieces out: in order with the messages, and never held back for long.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDeltaMerger, type DeltaData, type LivePiece, readDelta } from '../../src/domain/deltas.js';

const delta = (
  block: number,
  kind: DeltaData['delta'],
  words: string,
  parent: string | null = null,
): DeltaData => ({ block, delta: kind, text: words, parent_tool_use_id: parent });
const text = (words: string) => delta(0, 'text', words);
const textsOf = (pieces: readonly LivePiece[]) =>
  pieces.map(({ kind, data }) => (kind === 'delta' ? JSON.parse(data).text : data));

test('the first delta after a pause goes out at once, a burst is merged until its time has come', () => {
  const merger = createDeltaMerger(80);
  assert.deepEqual(textsOf(merger.delta(text('One '), 1000)), ['One ']);
  assert.equal(merger.dueAt(), undefined);
  assert.deepEqual(merger.delta(text('two '), 1010), []);
  assert.deepEqual(merger.delta(text('three '), 1070), []);
  assert.equal(merger.dueAt(), 1080);
  assert.deepEqual(textsOf(merger.delta(text('four '), 1080)), ['two three four ']);
  assert.deepEqual(textsOf(merger.delta(text('five '), 1500)), ['five ']);
});

test('a piece may end anywhere, in the middle of a word too', () => {
  const merger = createDeltaMerger(80);
  assert.deepEqual(textsOf(merger.delta(text('unfin'), 1000)), ['unfin']);
  assert.deepEqual(textsOf(merger.delta(text('ished'), 1080)), ['ished']);
});

test('without an interval each delta goes out at once, at the same moment and in another block too', () => {
  const merger = createDeltaMerger(0);
  assert.deepEqual(textsOf(merger.delta(text('One'), 7)), ['One']);
  assert.deepEqual(textsOf(merger.delta(text(' two'), 7)), [' two']);
  assert.deepEqual(textsOf(merger.delta(delta(1, 'text', 'three'), 7)), ['three']);
  assert.equal(merger.dueAt(), undefined);
});

test('a character of two halves is never cut', () => {
  const merger = createDeltaMerger(80);
  assert.deepEqual(textsOf(merger.delta(text('a\ud83d'), 0)), ['a']);
  assert.equal(merger.dueAt(), undefined);
  assert.deepEqual(merger.flush(100), []);
  assert.deepEqual(textsOf(merger.delta(text('\ude00b'), 200)), ['\u{1f600}b']);
});

test('what is held back can be flushed by the clock of the caller, once', () => {
  const merger = createDeltaMerger(80);
  merger.delta(text('One '), 0);
  merger.delta(text('two thr'), 1);
  assert.equal(merger.dueAt(), 80);
  assert.deepEqual(textsOf(merger.flush(80)), ['two thr']);
  assert.deepEqual(merger.flush(81), []);
  assert.equal(merger.dueAt(), undefined);
});

test('a message sends what is held back ahead of itself, unchanged', () => {
  const merger = createDeltaMerger(80);
  merger.delta(text('One '), 0);
  merger.delta(text('two'), 1);
  const message = { type: 'assistant', line: '{"type":"assistant"}' };
  const pieces = merger.message(message, 2);
  assert.deepEqual(textsOf(pieces), ['two', message.line]);
  assert.deepEqual(pieces[1], { kind: 'message', type: 'assistant', data: message.line });
});

test('deltas of different blocks, kinds and subagents are never mixed, and keep their order', () => {
  const merger = createDeltaMerger(80);
  merger.delta(delta(9, 'text', 'Before.'), 0);
  const out = [
    delta(0, 'thinking', 'Hm'),
    delta(0, 'thinking', '.'),
    delta(1, 'text', 'Say'),
    delta(1, 'text', 'ing'),
    delta(2, 'input_json', '{"a"'),
    delta(2, 'input_json', ':1}'),
    delta(2, 'text', 'from below', 'toolu_1'),
    delta(2, 'text', 'from above'),
  ].flatMap((piece, at) => merger.delta(piece, at));
  const pieces = [...out, ...merger.flush(100)].map(({ data }) => JSON.parse(data));
  assert.deepEqual(pieces, [
    delta(0, 'thinking', 'Hm.'),
    delta(1, 'text', 'Saying'),
    delta(2, 'input_json', '{"a":1}'),
    delta(2, 'text', 'from below', 'toolu_1'),
    delta(2, 'text', 'from above'),
  ]);
});

test('stream events that carry no text are no deltas, whatever their shape', () => {
  for (const event of [
    { type: 'message_start', message: {} },
    { type: 'content_block_start', index: 0 },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' } },
    { type: 'content_block_delta', index: 0, delta: null },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 7 } },
    { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'abc' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'something_new', text: 'x' } },
    undefined,
  ])
    assert.equal(readDelta({ type: 'stream_event', event }), undefined);
});

test('a flood within one interval is cut into pieces of a bounded size, nothing lost', () => {
  const merger = createDeltaMerger(80);
  const pieces = Array.from({ length: 100 }, () => merger.delta(text('x'.repeat(1000)), 5)).flat();
  const all = textsOf([...pieces, ...merger.flush(5)]);
  assert.equal(all.join('').length, 100_000);
  for (const piece of all) assert.ok(piece.length <= 17 * 1024);
});

test('a clock that is set back holds nothing back', () => {
  const merger = createDeltaMerger(80);
  merger.delta(text('One '), 100_000);
  assert.deepEqual(textsOf(merger.delta(text('two '), 50)), ['two ']);
});

// Tiny deltas in, readable pieces out: in order with the messages, and never held back for long.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDeltaMerger, type LivePiece } from '../../src/domain/deltas.js';

const live = (message: { readonly type: string } & Record<string, unknown>) => ({
  type: message.type,
  message,
  line: JSON.stringify(message),
});
const event = (body: object, parent: string | null = null) =>
  live({ type: 'stream_event', event: body, parent_tool_use_id: parent });
const delta = (index: number, body: object, parent: string | null = null) =>
  event({ type: 'content_block_delta', index, delta: body }, parent);
const text = (words: string, index = 0, parent: string | null = null) =>
  delta(index, { type: 'text_delta', text: words }, parent);
const textsOf = (pieces: readonly LivePiece[]) =>
  pieces.map(({ kind, data }) => (kind === 'delta' ? JSON.parse(data).text : data));

test('the first delta after a pause goes out at once, a burst is merged until its time has come', () => {
  const merger = createDeltaMerger(80);
  assert.deepEqual(textsOf(merger.take(text('One '), 1000)), ['One ']);
  assert.equal(merger.dueAt(), undefined);
  assert.deepEqual(merger.take(text('two '), 1010), []);
  assert.deepEqual(merger.take(text('three '), 1070), []);
  assert.equal(merger.dueAt(), 1080);
  assert.deepEqual(textsOf(merger.take(text('four '), 1080)), ['two three four ']);
  assert.deepEqual(textsOf(merger.take(text('five '), 1500)), ['five ']);
});

test('a word that is still being written waits for its end, so that a secret is never cut in two', () => {
  const merger = createDeltaMerger(80);
  assert.deepEqual(merger.take(text('sk-ant-'), 1000), []);
  assert.equal(merger.dueAt(), undefined);
  assert.deepEqual(merger.take(text('0123'), 2000), []);
  assert.deepEqual(textsOf(merger.take(text('4567 is the ke'), 3000)), ['sk-ant-01234567 is the ']);
  assert.deepEqual(textsOf(merger.flush(3001)), ['ke']);
});

test('what is held back can be flushed by the clock of the caller, once', () => {
  const merger = createDeltaMerger(80);
  merger.take(text('One '), 0);
  merger.take(text('two thr'), 1);
  assert.deepEqual(textsOf(merger.flushWords(80)), ['two ']);
  assert.deepEqual(merger.flushWords(81), []);
  assert.deepEqual(textsOf(merger.flush(82)), ['thr']);
  assert.deepEqual(merger.flush(83), []);
  assert.equal(merger.dueAt(), undefined);
});

test('a message sends what is held back ahead of itself, unchanged', () => {
  const merger = createDeltaMerger(80);
  merger.take(text('One '), 0);
  merger.take(text('two'), 1);
  const message = live({ type: 'assistant', message: {} });
  const pieces = merger.take(message, 2);
  assert.deepEqual(textsOf(pieces), ['two', message.line]);
  assert.deepEqual(pieces[1], { kind: 'message', type: 'assistant', data: message.line });
});

test('deltas of different blocks, kinds and subagents are never mixed, and keep their order', () => {
  const merger = createDeltaMerger(80);
  const out = [
    delta(0, { type: 'thinking_delta', thinking: 'Hm' }),
    delta(0, { type: 'thinking_delta', thinking: '.' }),
    delta(0, { type: 'signature_delta', signature: 'abc' }),
    text('Say', 1),
    text('ing', 1),
    delta(2, { type: 'input_json_delta', partial_json: '{"a"' }),
    delta(2, { type: 'input_json_delta', partial_json: ':1}' }),
    text('from below', 2, 'toolu_1'),
    text('from above', 2),
  ].flatMap((message, at) => merger.take(message, at));
  const pieces = [...out, ...merger.flush(100)].map(({ data }) => JSON.parse(data));
  assert.deepEqual(pieces, [
    { block: 0, delta: 'thinking', text: 'Hm.', parent_tool_use_id: null },
    { block: 1, delta: 'text', text: 'Saying', parent_tool_use_id: null },
    { block: 2, delta: 'input_json', text: '{"a":1}', parent_tool_use_id: null },
    { block: 2, delta: 'text', text: 'from below', parent_tool_use_id: 'toolu_1' },
    { block: 2, delta: 'text', text: 'from above', parent_tool_use_id: null },
  ]);
});

test('stream events that carry no text are dropped, whatever their shape', () => {
  const merger = createDeltaMerger(80);
  for (const body of [
    { type: 'message_start', message: {} },
    { type: 'content_block_start', index: 0 },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' } },
    { type: 'content_block_delta', index: 0, delta: null },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 7 } },
    { type: 'content_block_delta', index: 0, delta: { type: 'something_new', text: 'x' } },
  ])
    assert.deepEqual(merger.take(event(body), 0), []);
  assert.deepEqual(merger.take(live({ type: 'stream_event' }), 0), []);
  assert.deepEqual(merger.flush(100), []);
});

test('a flood within one interval is cut into pieces of a bounded size, nothing lost', () => {
  const merger = createDeltaMerger(80);
  const pieces = Array.from({ length: 100 }, () => merger.take(text('x'.repeat(1000)), 5)).flat();
  const all = textsOf([...pieces, ...merger.flush(5)]);
  assert.equal(all.join('').length, 100_000);
  for (const piece of all) assert.ok(piece.length <= 17 * 1024);
});

test('a clock that is set back holds nothing back', () => {
  const merger = createDeltaMerger(80);
  merger.take(text('One '), 100_000);
  assert.deepEqual(textsOf(merger.take(text('two '), 50)), ['two ']);
});

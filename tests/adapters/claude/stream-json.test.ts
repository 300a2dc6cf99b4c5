// Bytes to messages, wherever the chunks are cut.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createLineReader } from '../../../src/adapters/claude/listen/stream-json.js';
import type { AgentMessage } from '../../../src/ports/agent.js';

function readAll(text: string, chunkBytes: number, maxLineBytes?: number): readonly AgentMessage[] {
  const reader = createLineReader(maxLineBytes);
  const bytes = Buffer.from(text);
  const messages: AgentMessage[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes)
    messages.push(...reader.push(bytes.subarray(at, at + chunkBytes)));
  return [...messages, ...reader.end()];
}

const said = [
  { type: 'a', text: 'äöü€😀\u2028' },
  { type: 'b', nested: { line: 'one\ntwo' } },
  { type: 'c' },
];
const lines = said.map((message) => JSON.stringify(message));

test('the same messages come out however the bytes are cut', () => {
  for (const size of [1, 2, 3, 7, 1000]) {
    const messages = readAll(`${lines[0]}\n\n${lines[1]}\r\n${lines[2]}`, size);
    assert.deepEqual(
      messages.map(({ message }) => message),
      said,
    );
    assert.deepEqual(
      messages.map(({ line }) => line),
      lines,
    );
    assert.deepEqual(
      messages.map(({ type }) => type),
      ['a', 'b', 'c'],
    );
  }
});

test('a line of exactly the limit is kept, one byte more is not, and what follows is whole again', () => {
  const limit = Buffer.byteLength(lines[0] ?? '');
  assert.deepEqual(
    readAll(`${lines[0]}\n`, 5, limit).map(({ type }) => type),
    ['a'],
  );
  for (const size of [1, 5, 1000]) {
    const [long, next] = readAll(`${lines[0]}\n${lines[2]}\n`, size, limit - 1);
    const sha256 = createHash('sha256')
      .update(lines[0] ?? '')
      .digest('hex');
    const message = { type: 'oversized', of: 'a', bytes: limit, sha256, preview: lines[0] };
    assert.deepEqual(long, { type: 'oversized', message, line: JSON.stringify(message) });
    assert.equal(next?.type, 'c');
  }
});

test('a long line that comes in many small pieces is put together', () => {
  const text = JSON.stringify({ type: 'long', text: 'x'.repeat(300_000) });
  assert.equal(readAll(`${text}\n`, 17)[0]?.line, text);
});

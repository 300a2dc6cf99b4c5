// The same request under the same Idempotency-Key is the same turn, whoever has hung up, and however it is to be told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgenticoreError } from '../../../src/domain/errors.js';
import type { TurnPiece } from '../../../src/domain/turn-piece.js';
import { TEXT_ONLY } from '../../../src/domain/visibility.js';
import { eventually } from '../../support/eventually.js';
import { ask, askStream, channel, HI, readStream } from './ask.js';
import { type OpenAiServer, startOpenAiServer } from './openai-server.js';
import { CREATED_AT, gate } from './scripted-turns.js';

const PIECES: readonly TurnPiece[] = [
  { kind: 'text', text: 'Once, ' },
  { kind: 'text', text: 'and once only.' },
  { kind: 'text-end', role: 'final' },
];
const TEXT = 'Once, and once only.';
const KEY = { 'idempotency-key': 'key-1' };

const whole = async (server: OpenAiServer, body: object = {}, headers: Record<string, string> = KEY) => {
  const response = await ask(server, { messages: HI, ...body }, headers);
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
};

test('a connection that is cut does not end the turn, and the retry gets the whole answer of it', async (t) => {
  const hold = gate();
  const server = await startOpenAiServer(t, { script: { pieces: PIECES, until: hold.passed } });
  const leave = new AbortController();
  const cut = await ask(server, { messages: HI, stream: true }, KEY, leave.signal);
  const lost = /"id":"([^"]+)"/.exec(
    new TextDecoder().decode((await cut.body?.getReader().read())?.value),
  )?.[1];
  leave.abort(new Error('lost'));
  await eventually('the server knows it', () =>
    server.facts.some(({ fact, fields }) => fact === 'http.request' && fields.whole === false),
  );
  const retry = await ask(server, { messages: HI, stream: true }, KEY);
  await eventually('it joins the turn', () => server.turns.replayed.length === 1);
  hold.open();
  const { chunks, text } = await readStream(retry);
  assert.equal(channel(chunks, 'content'), TEXT);
  assert.equal(chunks[0]?.id, lost);
  assert.ok(text.trimEnd().endsWith('data: [DONE]'));
  assert.equal(server.turns.asked.length, 1);
  assert.deepEqual(server.turns.interrupted, []);
});

test('it is the same answer, streamed or not, as often as it is asked for', async (t) => {
  const config = { visibility: TEXT_ONLY, scope: 'request' } as const;
  const server = await startOpenAiServer(t, { script: { pieces: PIECES, config } });
  const first = await whole(server);
  const again = await whole(server);
  assert.deepEqual(again, { ...first, headers: again.headers });
  assert.equal(first.body.created, Math.floor(CREATED_AT / 1000));
  const asked = { stream_options: { include_usage: true } };
  const streams = [await askStream(server, asked, KEY), await askStream(server, asked, KEY)];
  for (const { chunks } of streams) {
    assert.equal(channel(chunks, 'content'), first.body.choices[0].message.content);
    assert.deepEqual([chunks[0]?.id, chunks[0]?.created], [first.body.id, first.body.created]);
    assert.deepEqual(chunks.at(-1)?.usage, first.body.usage);
  }
  assert.equal(server.turns.asked.length, 1);
});

test('another request under the key is refused, in the shape of OpenAI', async (t) => {
  const server = await startOpenAiServer(t, { script: { pieces: PIECES } });
  await whole(server, { model: 'sonnet' });
  const others: readonly (readonly [object, Record<string, string>])[] = [
    [{ messages: [{ role: 'user', content: 'ho' }] }, {}],
    [{ model: 'tester' }, {}],
    [{ user: 'somebody' }, {}],
    [{ response_format: { type: 'json_object' } }, {}],
    [{}, { 'x-conversation-id': 'c1' }],
    [{}, { 'x-agenticore-visibility': 'thinking' }],
  ];
  for (const [body, headers] of others) {
    const refused = await whole(server, { model: 'sonnet', ...body }, { ...KEY, ...headers });
    assert.equal(refused.status, 409, JSON.stringify([body, headers]));
    assert.equal(refused.body.error.type, 'conflict_error');
    assert.equal(refused.body.error.code, 'idempotency_mismatch');
    assert.match(refused.body.error.message, /another body/);
  }
  const same = { model: 'sonnet', stream: false, temperature: 1 };
  assert.equal(
    (await whole(server, same)).status,
    200,
    'how it is told, and what is ignored, is no other request',
  );
  assert.equal(server.turns.asked.length, 1);
});

test('a key belongs to who sent it, and must be one', async (t) => {
  const server = await startOpenAiServer(t, {
    script: { pieces: PIECES },
    apiKeys: ['ann:key-of-ann', 'bob:key-of-bob'],
  });
  const as = (key: string) => ({ ...KEY, authorization: `Bearer ${key}` });
  const [ann, bob] = [await whole(server, {}, as('key-of-ann')), await whole(server, {}, as('key-of-bob'))];
  assert.notEqual(ann.body.id, bob.body.id);
  assert.deepEqual(
    server.turns.keys.map((key) => key?.key),
    ['ann key-1', 'bob key-1'],
  );
  for (const key of ['', 'a b', 'x'.repeat(256), 'ä']) {
    const refused = await whole(server, {}, { ...as('key-of-ann'), 'idempotency-key': key });
    assert.equal(refused.status, 400, key);
    assert.equal(refused.body.error.param, 'Idempotency-Key');
  }
  assert.equal(server.turns.asked.length, 2);
});

test('a turn that failed is told so again, and how to have it run again', async (t) => {
  const server = await startOpenAiServer(t, {
    script: { pieces: PIECES, fail: new AgenticoreError('MODEL_OVERLOADED') },
  });
  const first = await whole(server);
  const again = await whole(server);
  assert.equal(again.status, first.status);
  assert.equal(again.headers.get('x-should-retry'), 'false');
  assert.ok(again.body.error.message.startsWith(first.body.error.message));
  assert.match(again.body.error.message, /not run again.+another key/);
  const { chunks } = await askStream(server, {}, KEY);
  assert.match(String(chunks.at(-1)?.error?.message), /another key/);
  assert.equal(server.turns.asked.length, 1);
});

test('what says nothing of how a turn ended is told as it is: asking again under the key is free', async (t) => {
  const server = await startOpenAiServer(t, {
    script: { pieces: PIECES, fail: new AgenticoreError('BUS_UNREACHABLE', 'Redis is away.') },
  });
  for (let tries = 0; tries < 2; tries += 1) {
    const { status, headers, body } = await whole(server);
    assert.deepEqual([status, body.error.message], [503, 'Redis is away.']);
    assert.deepEqual([headers.get('retry-after') !== null, headers.get('x-should-retry')], [true, null]);
  }
  assert.equal(server.turns.asked.length, 1);
  server.turns.script = { fail: new AgenticoreError('MESSAGE_NOT_FOUND', 'It is not kept.') };
  const gone = await whole(server, {}, { 'idempotency-key': 'key-2' });
  assert.equal(gone.body.error.message, 'It is not kept.');
});

test('what was refused before it began may be asked again', async (t) => {
  const server = await startOpenAiServer(t, { script: { refuse: new AgenticoreError('AGENT_BUSY') } });
  assert.equal((await whole(server)).status, 503);
  server.turns.script = { refuse: new AgenticoreError('MESSAGE_NOT_FOUND', 'It is not kept.') };
  const gone = await whole(server, { stream: true });
  assert.deepEqual([gone.status, gone.body.error.message], [404, 'It is not kept.']);
  server.turns.script = { pieces: PIECES };
  assert.equal((await whole(server)).status, 200);
});

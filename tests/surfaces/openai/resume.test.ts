// An answer that broke off is gone on with, from any place; the same request again is the same turn.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { TurnPiece } from '../../../src/domain/turn-piece.js';
import { eventually } from '../../support/eventually.js';
import { ask, askStream, channel, HI, kinds, parseStream, readStream, resume, type Told } from './ask.js';
import { startOpenAiServer } from './openai-server.js';
import { gate } from './scripted-turns.js';

const ALL = { thinking: true, tools: true, narration: true, final: true };
const PIECES: readonly TurnPiece[] = [
  { kind: 'thinking', text: 'Hm, files 😀.' },
  { kind: 'text', text: 'I look.' },
  { kind: 'text-end', role: 'narration' },
  { kind: 'tool-use', id: 'toolu_1', name: 'Bash', input: '{"command":"ls"}' },
  { kind: 'tool-result', toolUseId: 'toolu_1', isError: false, text: 'a.txt'.repeat(2000) },
  { kind: 'text', text: 'One file.' },
  { kind: 'text-end', role: 'final' },
];
const MARKS = ['narration', 'final'];
const marks = ({ chunks }: Pick<Told, 'chunks'>): readonly unknown[] =>
  kinds(chunks).filter((kind) => MARKS.includes(String(kind)));

test('from whatever frame, the rest is the rest: no gap, nothing twice', async (t) => {
  const server = await startOpenAiServer(t, { script: { pieces: PIECES, visibility: ALL } });
  const whole = await askStream(server, { stream_options: { include_usage: true } });
  const jobId = server.turns.jobIds[0] ?? '';
  for (const [at, { id = '' }] of whole.frames.entries()) {
    const response = await resume(server, at % 2 === 0 ? jobId : `chatcmpl-${jobId}`, {
      'last-event-id': id,
    });
    if (at === whole.frames.length - 1) {
      assert.equal(response.status, 204);
      continue;
    }
    const rest = await readStream(response);
    const head = parseStream(
      response,
      whole.text
        .split('\n\n')
        .slice(0, at + 1)
        .join('\n\n')
        .concat('\n\n'),
    );
    for (const name of ['content', 'reasoning_content'] as const)
      assert.equal(channel(head.chunks, name) + channel(rest.chunks, name), channel(whole.chunks, name), id);
    assert.deepEqual([...marks(head), ...marks(rest)], MARKS, id);
    const all = [...head.chunks, ...rest.chunks];
    assert.equal(all.filter(({ choices }) => choices?.[0]?.finish_reason === 'stop').length, 1);
    assert.equal(all.filter(({ usage }) => usage !== undefined).length, 1);
    assert.deepEqual(new Set(all.map((chunk) => chunk.created)).size, 1);
    assert.equal(rest.frames.at(-1)?.data, '[DONE]');
    assert.equal(rest.frames.at(-1)?.id, whole.frames.at(-1)?.id);
  }
});

test('without a place it is told from the beginning', async (t) => {
  const server = await startOpenAiServer(t, { script: { pieces: PIECES, visibility: ALL } });
  const whole = await askStream(server);
  const again = await readStream(await resume(server, server.turns.jobIds[0] ?? ''));
  assert.deepEqual(again.chunks[0], whole.chunks[0]);
  assert.equal(channel(again.chunks, 'content'), channel(whole.chunks, 'content'));
});

test('a place that nobody gave is refused, and so is a turn that nobody knows', async (t) => {
  const server = await startOpenAiServer(t, { script: { pieces: PIECES } });
  await askStream(server);
  for (const id of ['x', '1.2', '1.2.3.4', '-1.0.0', '1.2.3.END']) {
    const response = await resume(server, server.turns.jobIds[0] ?? '', { 'last-event-id': id });
    assert.equal(response.status, 400, id);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    assert.equal(error.param, 'Last-Event-ID');
  }
  assert.equal((await resume(server, `chatcmpl-${randomUUID()}`)).status, 404);
  assert.equal((await resume(server, 'chatcmpl-..%2f')).status, 404);
});

test('a turn goes on through a blip of the grace time', async (t) => {
  const hold = gate();
  const server = await startOpenAiServer(t, {
    script: { pieces: PIECES, visibility: ALL, until: hold.passed },
    limits: { disconnectGraceMs: 60_000 },
  });
  const leave = new AbortController();
  await ask(server, { messages: HI, stream: true }, {}, leave.signal);
  leave.abort(new Error('a blip'));
  const response = await resume(server, server.turns.jobIds[0] ?? '', { 'last-event-id': '1.0.0' });
  hold.open();
  const { chunks } = await readStream(response);
  assert.equal(channel(chunks, 'content'), 'I look.One file.');
  assert.deepEqual(server.turns.interrupted, []);
});

/** What OpenAI's own clients send with a repeated request. */
const RETRY = { 'x-stainless-retry-count': '1' };
const KEYED = { messages: HI, metadata: { conversation_id: 'c1' } };

test('the same request while the first runs reads along, and a leaving first reader does not end it', async (t) => {
  const hold = gate();
  const server = await startOpenAiServer(t, { script: { pieces: PIECES, until: hold.passed } });
  const leave = new AbortController();
  await ask(server, { ...KEYED, stream: true }, {}, leave.signal);
  const second = await ask(server, { ...KEYED, stream: true });
  await eventually('it reads along', () => server.turns.replayed.length === 1);
  leave.abort(new Error('enough'));
  hold.open();
  const { chunks } = await readStream(second);
  assert.equal(channel(chunks, 'content'), 'I look.One file.');
  assert.equal(server.turns.asked.length, 1);
  assert.deepEqual(server.turns.interrupted, []);
});

test('the same request gets the turn again whose answer was lost; who has had it and asks again gets another', async (t) => {
  const hold = gate();
  const limits = { disconnectGraceMs: 60_000 };
  const server = await startOpenAiServer(t, { script: { pieces: PIECES, until: hold.passed }, limits });
  const leave = new AbortController();
  const cut = ask(server, { ...KEYED, stream: true }, {}, leave.signal);
  const lost = /"id":"([^"]+)"/.exec(
    new TextDecoder().decode((await (await cut).body?.getReader().read())?.value),
  )?.[1];
  leave.abort(new Error('lost'));
  await eventually('the server knows it', () =>
    server.facts.some(({ fact, fields }) => fact === 'http.request' && fields.whole === false),
  );
  hold.open();
  const first = (await (await ask(server, KEYED)).json()) as { id: string };
  assert.deepEqual(server.turns.interrupted, []);
  assert.equal(first.id, lost);
  assert.equal(server.turns.asked.length, 1);
  const another = (await (await ask(server, KEYED)).json()) as { id: string };
  assert.notEqual(another.id, lost, 'regenerate is no retry');
});

test('a request that says it is a retry gets the completed turn again; others do not', async (t) => {
  const server = await startOpenAiServer(t, { script: { pieces: PIECES } });
  const first = (await (await ask(server, KEYED)).json()) as { id: string };
  const again = (await (await ask(server, KEYED, { 'x-stainless-retry-count': '1' })).json()) as {
    id: string;
  };
  assert.equal(again.id, first.id);
  assert.deepEqual(server.turns.replayed, [server.turns.jobIds[0]]);
  const others = [
    { ...KEYED, messages: [{ role: 'user', content: 'ho' }] },
    { ...KEYED, model: 'sonnet' },
    { ...KEYED, metadata: { conversation_id: 'c2' } },
    { ...KEYED, user: 'somebody' },
    { messages: HI },
    { messages: HI },
  ];
  for (const body of others) await (await ask(server, body)).text();
  assert.equal(server.turns.asked.length, 1 + others.length);
});

test('a turn that failed, or was long ago, is not given again', async (t) => {
  const server = await startOpenAiServer(t, {
    script: { fail: new Error('x') },
    limits: { repeatMs: -1 },
  });
  for (const _ of [1, 2]) assert.equal((await ask(server, KEYED)).status, 500);
  server.turns.script = { pieces: PIECES };
  for (const _ of [1, 2]) assert.equal((await ask(server, KEYED)).status, 200);
  assert.equal(server.turns.asked.length, 4);
});

test('what is remembered is bounded', async (t) => {
  const server = await startOpenAiServer(t, { script: { pieces: PIECES }, limits: { maxRemembered: 2 } });
  const say = async (content: string): Promise<unknown> =>
    (await ask(server, { ...KEYED, messages: [{ role: 'user', content }] }, RETRY)).text();
  for (const content of ['a', 'b', 'c', 'c', 'a']) await say(content);
  assert.equal(server.turns.asked.length, 4);
});

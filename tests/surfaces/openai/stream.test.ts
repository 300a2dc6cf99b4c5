// The bytes of a streamed answer, piece by piece.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { AgenticoreError } from '../../../src/domain/errors.js';
import type { TurnPiece } from '../../../src/domain/turn-piece.js';
import { eventually } from '../../support/eventually.js';
import { ask, askStream, channel, deltaOf, HI, kinds } from './ask.js';
import { startOpenAiServer } from './openai-server.js';
import { gate } from './scripted-turns.js';

const ALL = { thinking: true, tools: true, narration: true, final: true };
const result = (
  text: string,
  more: Partial<Extract<TurnPiece, { kind: 'tool-result' }>> = {},
): TurnPiece => ({
  kind: 'tool-result',
  toolUseId: 'toolu_1',
  isError: false,
  text,
  ...more,
});

test('each piece is a chunk of its own, tagged; the last ones are the stop and [DONE]', async (t) => {
  const pieces: TurnPiece[] = [
    { kind: 'thinking', text: 'Hm' },
    { kind: 'text', text: 'I look.' },
    { kind: 'text-end', role: 'narration' },
    { kind: 'tool-use', id: 'toolu_1', name: 'Bash', input: '{"command":"ls"}' },
    result('a.txt', { isError: true }),
    { kind: 'text', text: 'sub', parent: 'toolu_2' },
    { kind: 'text', text: 'Done.' },
    { kind: 'text-end', role: 'final' },
  ];
  const server = await startOpenAiServer(t, { script: { pieces, visibility: ALL } });
  const { response, frames, chunks, text } = await askStream(server);
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.equal(response.headers.get('cache-control'), 'no-cache, no-transform');
  assert.equal(response.headers.get('x-accel-buffering'), 'no');
  assert.ok(response.headers.get('x-request-id'));
  assert.ok(text.endsWith('data: [DONE]\n\n'));

  const type = 'x_agenticore_event_type';
  const plain = { index: 0, finish_reason: null };
  assert.deepEqual(
    chunks.map(({ choices }) => choices),
    [
      [{ ...plain, delta: { role: 'assistant', content: '' } }],
      [{ ...plain, delta: { reasoning_content: 'Hm' }, [type]: 'thinking' }],
      [{ ...plain, delta: { content: 'I look.' }, [type]: 'text' }],
      [{ ...plain, delta: {}, [type]: 'narration' }],
      [
        {
          ...plain,
          delta: { reasoning_content: '\n```tool_use:Bash\n{"command":"ls"}\n```\n' },
          [type]: 'tool_use',
          x_agenticore_tool_name: 'Bash',
          x_agenticore_tool_use_id: 'toolu_1',
          x_agenticore_tool_input: { command: 'ls' },
        },
      ],
      [
        {
          ...plain,
          delta: { reasoning_content: '\n```tool_result:error\na.txt\n```\n' },
          [type]: 'tool_result',
          x_agenticore_tool_use_id: 'toolu_1',
          x_agenticore_is_error: true,
        },
      ],
      [
        {
          ...plain,
          delta: { reasoning_content: 'sub' },
          [type]: 'text',
          x_agenticore_parent_tool_use_id: 'toolu_2',
        },
      ],
      [{ ...plain, delta: { content: 'Done.' }, [type]: 'text' }],
      [{ ...plain, delta: {}, [type]: 'final' }],
      [{ index: 0, delta: {}, finish_reason: 'stop' }],
    ],
  );
  assert.deepEqual(new Set(chunks.map(({ id }) => id)), new Set([`chatcmpl-${server.turns.jobIds[0]}`]));
  assert.equal(new Set(chunks.map(({ created }) => created)).size, 1);
  assert.deepEqual(new Set(chunks.map(({ model }) => model)), new Set(['tester']));
  assert.deepEqual(
    new Set(chunks.map((chunk) => Object.keys(chunk).join())),
    new Set(['id,object,created,model,choices']),
  );
  assert.equal(new Set(frames.map(({ id }) => id)).size, frames.length, 'each frame has its own id');
  assert.deepEqual(new Set(frames.map(({ event }) => event)), new Set([undefined]));
});

test('the usage comes when it is asked for, in a chunk of its own', async (t) => {
  const server = await startOpenAiServer(t);
  const { chunks } = await askStream(server, { stream_options: { include_usage: true } });
  const last = chunks.at(-1);
  assert.deepEqual(last?.choices, []);
  assert.deepEqual(last?.usage, {
    prompt_tokens: 115,
    completion_tokens: 7,
    total_tokens: 122,
    prompt_tokens_details: { cached_tokens: 100 },
  });
  assert.deepEqual(last?.x_agenticore, {
    cost_usd: 0.01,
    num_turns: 2,
    session_id: 'session-1',
    conversation_id: 'conversation-1',
    job_id: server.turns.jobIds[0],
  });
  const quiet = await askStream(server);
  assert.ok(quiet.chunks.every(({ usage }) => usage === undefined));
});

test('it says why Claude stopped', async (t) => {
  const server = await startOpenAiServer(t);
  const reasons = { stop: 'stop', length: 'length', refusal: 'content_filter' } as const;
  for (const [finish, reason] of Object.entries(reasons) as [keyof typeof reasons, string][]) {
    server.turns.script = { result: { finish } };
    const { chunks } = await askStream(server);
    assert.equal(chunks.at(-1)?.choices?.[0]?.finish_reason, reason);
  }
});

test('no line is longer than 16 KiB, and what was cut is whole again', async (t) => {
  const long = `\`\`\`\n${'\u0001😀é"\\'.repeat(20_000)}`;
  const server = await startOpenAiServer(t, {
    script: {
      pieces: [
        { kind: 'thinking', text: long },
        { kind: 'text', text: `x${long}` },
        { kind: 'tool-use', id: 'i'.repeat(999), name: 'n'.repeat(999), input: JSON.stringify({ a: long }) },
        { kind: 'tool-use', id: 'i', name: 'odd', input: '\u0001'.repeat(4000) },
        result(long),
      ],
      fail: new AgenticoreError('CLAUDE_ERROR', 'x'.repeat(100_000)),
      visibility: ALL,
    },
    toolChannel: 'content',
  });
  const { text, chunks } = await askStream(server);
  for (const line of text.split('\n')) assert.ok(Buffer.byteLength(line) <= 16 * 1024);
  assert.equal(channel(chunks, 'reasoning_content'), long);
  const content = channel(chunks, 'content');
  assert.ok(content.startsWith(`x${long}\n\`\`\`\`tool_use:${'n'.repeat(999)}\n{"a":`));
  assert.ok(content.endsWith(`\n\`\`\`\`tool_result\n${long}\n\`\`\`\`\n`));
  assert.ok(chunks.every((chunk) => !/[\ud800-\udbff]$/.test(String(deltaOf(chunk).content ?? ''))));
  assert.ok(chunks.filter(({ choices }) => choices?.[0]?.x_agenticore_tool_input !== undefined).length <= 1);
});

test('a fence is longer than any inside, and tags that UIs act on are none in what tools say', async (t) => {
  const server = await startOpenAiServer(t, {
    script: {
      pieces: [
        { kind: 'tool-use', id: 'i', name: 'mcp__a `b', input: '{"a":"<think> <p>"}' },
        result(
          '````\n<think>\n</thinking> <|begin_of_solution|> <code_interpreter type="x"> ◁think▷ <b> a<|b\n',
        ),
      ],
      visibility: ALL,
    },
  });
  const { chunks } = await askStream(server);
  const said = channel(chunks, 'reasoning_content');
  assert.equal(
    said.replaceAll('\u200b', '^'),
    '\n```tool_use:mcp__a__b\n{"a":"\\u003cthink> <p>"}\n```\n' +
      '\n`````tool_result\n````\n<^think>\n<^/thinking> <^|begin_of_solution|> <^code_interpreter type="x"> ' +
      '◁^think▷ <b> a<^|b\n`````\n',
  );
  assert.equal(channel(chunks, 'content'), '');
});

test('tools go into the text where that is wished', async (t) => {
  const server = await startOpenAiServer(t, {
    script: { pieces: [result('a')], visibility: ALL },
    toolChannel: 'content',
  });
  const { chunks } = await askStream(server);
  assert.equal(channel(chunks, 'content'), '\n```tool_result\na\n```\n');
  assert.equal(channel(chunks, 'reasoning_content'), '');
});

test('headers and role are there before Claude is asked, and comments until it speaks', async (t) => {
  const speak = gate();
  const server = await startOpenAiServer(t, {
    script: { after: speak.passed, pieces: [{ kind: 'text', text: 'late' }] },
    limits: { keepAliveMs: 5 },
  });
  const response = await ask(server, { messages: HI, stream: true });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!/: keep-alive\n\n: keep-alive\n\n/.test(text)) text += (await reader?.read())?.value ?? '';
  assert.match(text, /^id: 1\.0\.0\ndata: \{[^\n]*"delta":\{"role":"assistant","content":""\}/);
  speak.open();
  for (let read = await reader?.read(); !read?.done; read = await reader?.read()) text += read?.value ?? '';
  assert.match(text, /late[\s\S]*\[DONE\]/);
});

test('a turn may wait to be admitted for longer than a connection may be silent', async (t) => {
  const admitted = gate();
  const server = await startOpenAiServer(t, {
    script: { admitted: admitted.passed },
    listen: { idleTimeoutMs: 100 },
  });
  const asked = askStream(server);
  await eventually('it is asked', () => server.turns.asked.length === 1);
  const silent = connect(Number(new URL(server.url).port), '127.0.0.1');
  silent.resume();
  await once(silent, 'close'); // for being silent no longer than the request has waited
  admitted.open();
  assert.equal((await asked).frames.at(-1)?.data, '[DONE]');
});

test('a piece is written in the very call in which it comes', async (t) => {
  let writes = 0;
  const server = await startOpenAiServer(t, {
    watch: (res) => {
      const write = res.write.bind(res);
      res.write = ((...args: Parameters<typeof write>) => {
        writes += 1;
        return write(...args);
      }) as typeof res.write;
    },
  });
  const { open } = server.turns;
  const grown: number[] = [];
  server.turns.open = async (...args) => {
    const opened = await open(...args);
    if (opened.kind !== 'accepted') return opened;
    const turn = {
      ...opened.turn,
      run: async (take: Parameters<typeof opened.turn.run>[0], signal: AbortSignal) => {
        for (const text of ['a', 'b', 'c']) {
          const before = writes;
          assert.equal(take({ kind: 'text', text }), undefined);
          grown.push(writes - before);
        }
        return opened.turn.run(() => {}, signal);
      },
    };
    return { ...opened, turn };
  };
  const { chunks } = await askStream(server);
  assert.deepEqual(grown, [1, 1, 1]);
  assert.equal(channel(chunks, 'content'), 'abc');
});

test('a reader that does not read holds Claude back', async (t) => {
  const text = 'x'.repeat(100_000);
  const pieces = Array.from({ length: 400 }, (): TurnPiece => ({ kind: 'text', text }));
  const held: boolean[] = [];
  const server = await startOpenAiServer(t, { script: { pieces } });
  const { open } = server.turns;
  server.turns.open = async (...args) => {
    const opened = await open(...args);
    if (opened.kind !== 'accepted') return opened;
    const run: typeof opened.turn.run = (take, signal) =>
      opened.turn.run((piece) => {
        const wait = take(piece);
        held.push(wait !== undefined);
        return wait;
      }, signal);
    return { ...opened, turn: { ...opened.turn, run } };
  };
  const response = await ask(server, { messages: HI, stream: true });
  await eventually('Claude waits', () => held.at(-1) === true && held.length < pieces.length);
  const all = await response.text();
  assert.ok(all.length > 400 * 100_000);
  assert.equal(held.length, pieces.length);
});

test('a failure after the answer began is told without choices, then it ends', async (t) => {
  const server = await startOpenAiServer(t, {
    script: { pieces: [{ kind: 'text', text: 'Hal' }], fail: new AgenticoreError('CLAUDE_CRASHED') },
  });
  const { response, frames, chunks } = await askStream(server, { stream_options: { include_usage: true } });
  assert.equal(response.status, 200);
  assert.deepEqual(chunks.at(-1), {
    error: {
      message: 'Claude ended without a result.',
      type: 'server_error',
      param: null,
      code: 'claude_crashed',
    },
  });
  assert.equal(frames.at(-1)?.data, '[DONE]');
  assert.ok(chunks.every(({ choices }) => choices?.[0]?.finish_reason == null));
});

test('a bug in a turn is told as one, without its detail', async (t) => {
  const server = await startOpenAiServer(t, { script: { fail: new Error('secret detail') } });
  const { text, chunks } = await askStream(server);
  assert.doesNotMatch(text, /secret/);
  assert.equal(chunks.at(-1)?.error?.code, 'server_error');
  assert.match(JSON.stringify(server.facts), /secret detail/);
});

test('an answer that fits a schema is nothing but JSON', async (t) => {
  const pieces: TurnPiece[] = [
    { kind: 'thinking', text: 'Hm' },
    { kind: 'text', text: 'Here it is:' },
    { kind: 'text-end', role: 'final' },
    result('a'),
  ];
  const server = await startOpenAiServer(t, {
    script: { pieces, result: { structuredOutput: { a: 1 } }, visibility: ALL },
    toolChannel: 'content',
  });
  const { chunks } = await askStream(server, { response_format: { type: 'json_object' } });
  assert.equal(channel(chunks, 'content'), '{"a":1}');
  assert.deepEqual(kinds(chunks), ['thinking', 'text', 'final']);

  server.turns.script = { pieces };
  const failed = await askStream(server, { response_format: { type: 'json_object' } });
  assert.equal(channel(failed.chunks, 'content'), '');
  assert.match(String(failed.chunks.at(-1)?.error?.message), /response_format/);
});

const CONFIG = { visibility: ALL, scope: 'conversation' } as const;
const CONFIG_JSON =
  '{"show_thinking":true,"show_tools":true,"show_narration":true,"show_final":true,"scope":"conversation"}';

test('toggles alone are answered with what is shown now', async (t) => {
  const server = await startOpenAiServer(t, { script: { configured: CONFIG } });
  const { chunks, frames } = await askStream(server, { stream_options: { include_usage: true } });
  assert.deepEqual(kinds(chunks), ['stream_config']);
  assert.equal(channel(chunks, 'content'), CONFIG_JSON);
  assert.deepEqual(deltaOf(chunks[0] ?? {}), { role: 'assistant', content: '' });
  assert.equal(chunks[2]?.choices?.[0]?.finish_reason, 'stop');
  assert.equal(chunks[3]?.usage?.total_tokens, 0);
  assert.equal(frames.at(-1)?.data, '[DONE]');
});

test('what is shown is told before the turn when it is asked for beside something else', async (t) => {
  const server = await startOpenAiServer(t, {
    script: { config: CONFIG, pieces: [{ kind: 'text', text: 'Hi' }] },
  });
  const { chunks } = await askStream(server);
  assert.deepEqual(kinds(chunks), ['stream_config', 'text']);
  assert.deepEqual(JSON.parse(String(deltaOf(chunks[1] ?? {}).content)), JSON.parse(CONFIG_JSON));
  assert.equal(channel(chunks, 'content'), `${CONFIG_JSON}\n\nHi`);
});

test('a reader that leaves has its turn interrupted at once, or after the grace time', async (t) => {
  for (const disconnectGraceMs of [0, 5]) {
    const server = await startOpenAiServer(t, {
      script: { until: gate().passed },
      limits: { disconnectGraceMs },
    });
    const leave = new AbortController();
    await ask(server, { messages: HI, stream: true }, {}, leave.signal);
    assert.deepEqual(server.turns.interrupted, []);
    leave.abort(new Error('enough'));
    await eventually('it is interrupted', () => server.turns.interrupted.length === 1);
  }
});

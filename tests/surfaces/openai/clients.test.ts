// The clients that people really use, at our surface: what they show, what they throw, how often they ask.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText, streamText } from 'ai';
import OpenAI from 'openai';
import { AgenticoreError, type ErrorCode } from '../../../src/domain/errors.js';
import type { TurnPiece } from '../../../src/domain/turn-piece.js';
import { eventually } from '../../support/eventually.js';
import { type OpenAiServer, startOpenAiServer } from './openai-server.js';
import { gate } from './scripted-turns.js';

const PIECES: readonly TurnPiece[] = [
  { kind: 'thinking', text: 'Hm, ' },
  { kind: 'thinking', text: 'files.' },
  { kind: 'text', text: 'I look. ' },
  { kind: 'text-end', role: 'narration' },
  { kind: 'tool-use', id: 'toolu_1', name: 'Bash', input: '{"command":"ls"}' },
  { kind: 'tool-result', toolUseId: 'toolu_1', isError: false, text: 'a.txt' },
  { kind: 'text', text: 'One ' },
  { kind: 'text', text: 'file.' },
  { kind: 'text-end', role: 'final' },
];
const TEXT = 'I look. One file.';
const ALL = { thinking: true, tools: true, narration: true, final: true };
const SAY = [{ role: 'user' as const, content: 'what is here?' }];

const openai = ({ url }: OpenAiServer, apiKey = 'sk-test', maxRetries = 0): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries });

const aiModel = ({ url }: OpenAiServer, apiKey = 'sk-test') =>
  createOpenAICompatible({ name: 'ours', baseURL: `${url}/v1`, apiKey, includeUsage: true })('sonnet');

test('openai: a stream is the text once, with thinking and tools beside it, and the usage asked for', async (t) => {
  const server = await startOpenAiServer(t, { script: { pieces: PIECES, visibility: ALL } });
  const stream = await openai(server).chat.completions.create({
    model: 'sonnet',
    messages: SAY,
    stream: true,
    stream_options: { include_usage: true },
  });
  let content = '';
  let reasoning = '';
  const types: unknown[] = [];
  let last: OpenAI.ChatCompletionChunk | undefined;
  let finish: string | null | undefined;
  for await (const chunk of stream) {
    last = chunk;
    const [choice] = chunk.choices;
    if (choice === undefined) continue;
    const extra = choice as unknown as Record<string, unknown>;
    if (extra.x_agenticore_event_type !== undefined) types.push(extra.x_agenticore_event_type);
    content += choice.delta.content ?? '';
    reasoning += (choice.delta as { reasoning_content?: string }).reasoning_content ?? '';
    finish = choice.finish_reason ?? finish;
    assert.equal(choice.delta.tool_calls, undefined);
  }
  assert.equal(content, TEXT);
  assert.match(
    reasoning,
    /^Hm, files\.\n```tool_use:Bash\n\{"command":"ls"\}\n```\n\n```tool_result\na\.txt\n```\n$/,
  );
  assert.equal(finish, 'stop');
  assert.deepEqual(types, [
    'thinking',
    'thinking',
    'text',
    'narration',
    'tool_use',
    'tool_result',
    'text',
    'text',
    'final',
  ]);
  assert.equal(last?.usage?.prompt_tokens, 115);
  assert.equal(last?.usage?.total_tokens, 122);
  assert.equal(last?.usage?.prompt_tokens_details?.cached_tokens, 100);
});

test("openai: the stream helper's final completion", async (t) => {
  const server = await startOpenAiServer(t, { script: { pieces: PIECES } });
  const helper = openai(server).chat.completions.stream({ model: 'sonnet', messages: SAY });
  const completion = await helper.finalChatCompletion();
  assert.equal(completion.choices[0]?.message.content, TEXT);
  assert.equal(completion.model, 'sonnet');
});

test('openai: one completion, with usage', async (t) => {
  const server = await startOpenAiServer(t, { script: { pieces: PIECES, visibility: ALL } });
  const completion = await openai(server).chat.completions.create({ model: 'sonnet', messages: SAY });
  const [choice] = completion.choices;
  assert.equal(completion.object, 'chat.completion');
  assert.equal(completion.id, `chatcmpl-${server.turns.jobIds[0]}`);
  assert.equal(choice?.message.content, TEXT);
  assert.equal(
    (choice?.message as { reasoning_content?: string } | undefined)?.reasoning_content,
    'Hm, files.',
  );
  assert.equal(completion.usage?.completion_tokens, 7);
});

test('openai: a line break every while before the answer is borne', async (t) => {
  const hold = gate();
  const server = await startOpenAiServer(t, {
    script: { pieces: PIECES, until: hold.passed },
    limits: { earlyHeadersMs: 1, heartbeatMs: 1 },
  });
  const { response, data } = await openai(server)
    .chat.completions.create({ model: 'sonnet', messages: SAY })
    .asResponse()
    .then((early) => {
      hold.open();
      return { response: early, data: early.text() };
    });
  assert.equal(response.status, 200);
  const text = await data;
  assert.match(text, /^\n+\{/);
  assert.equal(JSON.parse(text).choices[0].message.content, TEXT);
});

test('openai: leaving the loop interrupts the turn', async (t) => {
  const server = await startOpenAiServer(t, { script: { pieces: PIECES, until: gate().passed } });
  const stream = await openai(server).chat.completions.create({
    model: 'sonnet',
    messages: SAY,
    stream: true,
  });
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content === 'file.') break;
  await eventually('it is interrupted', () => server.turns.interrupted.length === 1);
});

test('openai: an abort interrupts a turn whose answer is not streamed', async (t) => {
  const server = await startOpenAiServer(t, { script: { until: gate().passed } });
  const leave = new AbortController();
  const asked = openai(server).chat.completions.create(
    { model: 'sonnet', messages: SAY },
    { signal: leave.signal },
  );
  await eventually('it is asked', () => server.turns.jobIds.length === 1);
  leave.abort(new Error('enough'));
  await assert.rejects(asked, OpenAI.APIUserAbortError);
  await eventually('it is interrupted', () => server.turns.interrupted.length === 1);
});

test('openai: refusals are its own errors', async (t) => {
  const server = await startOpenAiServer(t, { apiKeys: ['me:sk-test'], script: { pieces: PIECES } });
  const client = openai(server);
  await assert.rejects(client.chat.completions.create({ model: 'sonnet', messages: [] }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.param, 'messages');
    assert.equal(error.type, 'invalid_request_error');
    assert.ok(error.requestID);
    return true;
  });
  await assert.rejects(client.chat.completions.create({ model: 'gpt-4o', messages: SAY }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.deepEqual([error.code, error.param], ['model_not_found', 'model']);
    return true;
  });
  await assert.rejects(openai(server, 'sk-other').models.list(), (error) => {
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.equal(error.code, 'invalid_api_key');
    return true;
  });
  await assert.rejects(client.embeddings.create({ model: 'sonnet', input: 'x' }), OpenAI.NotFoundError);
});

for (const [code, status, type] of [
  ['QUEUE_FULL', 429, OpenAI.RateLimitError],
  ['AGENT_BUSY', 503, OpenAI.InternalServerError],
  ['CONVERSATION_BUSY', 409, OpenAI.ConflictError],
] as const satisfies readonly (readonly [ErrorCode, number, unknown])[]) {
  test(`openai: ${code} is tried again, as Retry-After says, and then thrown`, async (t) => {
    const refuse = new AgenticoreError(code, undefined, { retryAfterS: 0.1 });
    const server = await startOpenAiServer(t, { script: { refuse } });
    const asked = openai(server, 'sk-test', 1).chat.completions.create({ model: 'sonnet', messages: SAY });
    await assert.rejects(asked, (error) => {
      assert.ok(error instanceof type);
      assert.equal(error.status, status);
      return true;
    });
    assert.equal(server.turns.asked.length, 2);
  });
}

test('openai: a failure in a stream is an APIError, and is not tried again', async (t) => {
  const fail = new AgenticoreError('MODEL_OVERLOADED');
  const server = await startOpenAiServer(t, { script: { pieces: PIECES.slice(2, 3), fail } });
  const stream = await openai(server, 'sk-test', 2).chat.completions.create({
    model: 'sonnet',
    messages: SAY,
    stream: true,
  });
  let content = '';
  const reading = (async () => {
    for await (const chunk of stream) content += chunk.choices[0]?.delta.content ?? '';
  })();
  await assert.rejects(reading, (error) => {
    assert.ok(error instanceof OpenAI.APIError);
    assert.deepEqual(
      [error.code, error.type, error.status],
      ['model_overloaded', 'overloaded_error', undefined],
    );
    return true;
  });
  assert.equal(content, 'I look. ');
  assert.equal(server.turns.asked.length, 1);
});

test('openai: a failed turn whose answer is not streamed is not asked for again', async (t) => {
  const fail = new AgenticoreError('MODEL_OVERLOADED');
  const server = await startOpenAiServer(t, { script: { fail } });
  await assert.rejects(
    openai(server, 'sk-test', 2).chat.completions.create({ model: 'sonnet', messages: SAY }),
    (error) => error instanceof OpenAI.InternalServerError && error.status === 502,
  );
  assert.equal(server.turns.asked.length, 1);
});

test('openai: models are listed and looked up, also those with a slash', async (t) => {
  const client = openai(await startOpenAiServer(t));
  const ids: string[] = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.deepEqual(ids, ['tester', 'agenticore-agent', 'sonnet', 'claude-sonnet-4-6']);
  assert.equal((await client.models.retrieve('ours/sonnet')).id, 'ours/sonnet');
  await assert.rejects(client.models.retrieve('gpt-4o'), OpenAI.NotFoundError);
});

test('openai: an answer that fits a schema', async (t) => {
  const server = await startOpenAiServer(t, {
    script: { pieces: PIECES, result: { structuredOutput: { files: 1 } } },
  });
  const completion = await openai(server).chat.completions.parse({
    model: 'sonnet',
    messages: SAY,
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'files', schema: { type: 'object', properties: { files: { type: 'integer' } } } },
    },
  });
  assert.deepEqual(JSON.parse(completion.choices[0]?.message.content ?? ''), { files: 1 });
});

test('ai: a stream has reasoning parts and text parts, and ends with usage', async (t) => {
  const server = await startOpenAiServer(t, { script: { pieces: PIECES, visibility: ALL } });
  const result = streamText({ model: aiModel(server), prompt: 'what is here?' });
  const kinds = new Set<string>();
  for await (const part of result.fullStream) {
    kinds.add(part.type);
    assert.notEqual(part.type, 'error');
  }
  assert.equal(await result.text, TEXT);
  assert.match((await result.reasoningText) ?? '', /^Hm, files\.\n```tool_use:Bash/);
  assert.equal(await result.finishReason, 'stop');
  assert.equal((await result.usage).inputTokens, 115);
  assert.ok(kinds.has('reasoning-delta') && kinds.has('text-delta') && !kinds.has('tool-call'));
});

test('ai: one completion', async (t) => {
  const server = await startOpenAiServer(t, { script: { pieces: PIECES, visibility: ALL } });
  const result = await generateText({ model: aiModel(server), prompt: 'what is here?' });
  assert.equal(result.text, TEXT);
  assert.equal(result.reasoningText, 'Hm, files.');
  assert.equal(result.usage.outputTokens, 7);
});

test('ai: a failure in a stream is an error part', async (t) => {
  const fail = new AgenticoreError('MODEL_OVERLOADED');
  const server = await startOpenAiServer(t, { script: { pieces: PIECES.slice(2, 3), fail } });
  const result = streamText({ model: aiModel(server), prompt: 'hi', maxRetries: 0, onError: () => {} });
  const parts: string[] = [];
  for await (const part of result.fullStream) parts.push(part.type);
  assert.ok(parts.includes('text-delta'));
  assert.ok(parts.includes('error'));
  assert.equal(server.turns.asked.length, 1);
});

test('ai: an abort interrupts the turn', async (t) => {
  const server = await startOpenAiServer(t, { script: { pieces: PIECES, until: gate().passed } });
  const leave = new AbortController();
  const result = streamText({ model: aiModel(server), prompt: 'hi', abortSignal: leave.signal });
  for await (const part of result.fullStream) {
    if (part.type === 'text-delta') leave.abort(new Error('enough'));
  }
  await eventually('it is interrupted', () => server.turns.interrupted.length === 1);
});

test('ai: refusals are API call errors, of those that are worth another try or not', async (t) => {
  const server = await startOpenAiServer(t, { apiKeys: ['me:sk-test'] });
  const ask = (apiKey?: string) =>
    generateText({ model: aiModel(server, apiKey), prompt: 'hi', maxRetries: 0 });
  await assert.rejects(ask('sk-other'), (error) => {
    assert.ok(APICallError.isInstance(error));
    assert.deepEqual(
      [error.statusCode, error.isRetryable, error.message],
      [401, false, 'Invalid or missing API key'],
    );
    return true;
  });
  server.turns.script = { refuse: new AgenticoreError('AGENT_BUSY') };
  await assert.rejects(ask(), (error) => {
    assert.ok(APICallError.isInstance(error));
    assert.deepEqual([error.statusCode, error.isRetryable], [503, true]);
    return true;
  });
});

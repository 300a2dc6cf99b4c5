// The official SDKs, unmodified, against a whole agent: the real server, the real claude, a scripted model.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText, streamText } from 'ai';
import OpenAI from 'openai';
import type { Script } from '../../scripts/scripted-model/script.js';
import { eventually } from '../support/eventually.js';
import { type AgentUnderTest, requestWith, startAgent } from './agent-kit.js';

const KEY = 'sk-of-a-client';
const work: Script = {
  name: 'work',
  match: 'do the work',
  steps: [
    { think: 'One command.', say: 'I look.', call: [{ tool: 'Bash', input: { command: 'echo found-it' } }] },
    { say: 'It is there.' },
  ],
};
const forever: Script = {
  name: 'forever',
  match: 'never end',
  steps: [{ say: 'I begin.', call: [{ tool: 'Bash', input: { command: 'sleep 600' } }] }, { say: 'No.' }],
};
const broken: Script = {
  name: 'broken',
  match: 'break off',
  steps: [
    { say: 'I begin.', call: [{ tool: 'Bash', input: { command: 'true' } }] },
    { fault: { status: 400, message: 'The model cannot.' } },
  ],
};
const any: Script = { name: 'any', steps: [{ say: 'Very well.' }] };
const SHOW_ALL = { 'x-agenticore-visibility': 'thinking,tools,text' };
const TEXT = 'I look.\n\nIt is there.';

const ask = (content: string) => [{ role: 'user' as const, content }];

describe('the SDKs of others at an agent', () => {
  let agent: AgentUnderTest;
  before(async () => {
    agent = await startAgent('file', [work, forever, broken, any], { AGENTICORE_API_KEYS: `client:${KEY}` });
  });
  after(() => agent.close());

  const openai = (apiKey = KEY): OpenAI =>
    new OpenAI({ baseURL: `${agent.url}/v1`, apiKey, maxRetries: 0, defaultHeaders: SHOW_ALL });
  const model = (apiKey = KEY) =>
    createOpenAICompatible({
      name: 'ours',
      baseURL: `${agent.url}/v1`,
      apiKey,
      includeUsage: true,
      headers: SHOW_ALL,
    })('assistant');

  it('openai streams text once, thinking and tools beside it, and usage', async () => {
    const stream = await openai().chat.completions.create({
      model: 'assistant',
      messages: ask('do the work'),
      stream: true,
      stream_options: { include_usage: true },
    });
    let [content, reasoning, total] = ['', '', 0];
    for await (const { choices, usage } of stream) {
      const delta = choices[0]?.delta as { content?: string; reasoning_content?: string } | undefined;
      content += delta?.content ?? '';
      reasoning += delta?.reasoning_content ?? '';
      total = usage?.total_tokens ?? total;
    }
    assert.equal(content, TEXT);
    assert.match(reasoning, /One command\..*tool_use:Bash.*echo found-it.*tool_result.*found-it/s);
    assert.ok(total > 0);
  });

  it('openai gets a whole completion, and the models', async () => {
    const completion = await openai().chat.completions.create({
      model: 'assistant',
      messages: ask('do the work'),
    });
    assert.equal(completion.choices[0]?.message.content, TEXT);
    assert.equal(completion.choices[0]?.finish_reason, 'stop');
    assert.ok((completion.usage?.total_tokens ?? 0) > 0);
    const ids = (await openai().models.list()).data.map(({ id }) => id);
    assert.ok(ids.includes('assistant') && ids.includes('sonnet'), ids.join());
    assert.equal((await openai().models.retrieve('sonnet')).owned_by, 'agenticore');
  });

  it('openai throws its own errors', async () => {
    const create = (body: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>, key = KEY) =>
      openai(key).chat.completions.create({ model: 'assistant', messages: ask('hello'), ...body });
    await assert.rejects(create({ messages: [] }), OpenAI.BadRequestError);
    await assert.rejects(create({}, 'wrong'), OpenAI.AuthenticationError);
    await assert.rejects(create({ model: 'gpt-99' }), OpenAI.NotFoundError);
    await assert.rejects(create({ messages: ask('break off') }), OpenAI.InternalServerError);
    const stream = await openai().chat.completions.create({
      model: 'assistant',
      messages: ask('break off'),
      stream: true,
    });
    let said = '';
    const read = async (): Promise<void> => {
      for await (const { choices } of stream) said += choices[0]?.delta.content ?? '';
    };
    await assert.rejects(read(), (error) => error instanceof OpenAI.APIError && /cannot/.test(error.message));
    assert.equal(said, 'I begin.');
  });

  it('leaving the loop ends the turn, and its tool', async () => {
    const stream = await openai().chat.completions.create({
      model: 'assistant',
      messages: ask('never end'),
      stream: true,
    });
    let id = '';
    for await (const chunk of stream) {
      id = chunk.id.replace('chatcmpl-', '');
      if (JSON.stringify(chunk).includes('sleep 600')) break;
    }
    const { status } = await eventually('the turn ends', async () => {
      const response = await fetch(`${agent.url}/jobs/${id}`, { headers: { 'x-api-key': KEY } });
      const { job } = (await response.json()) as { job: { status: string } };
      return job.status !== 'running' && job;
    });
    assert.equal(status, 'cancelled');
  });

  it('the AI SDK streams and generates', async () => {
    const stream = streamText({ model: model(), prompt: 'do the work', maxRetries: 0 });
    let [text, reasoning] = ['', ''];
    for await (const part of stream.fullStream) {
      if (part.type === 'text-delta') text += part.text;
      if (part.type === 'reasoning-delta') reasoning += part.text;
      assert.notEqual(part.type, 'error', JSON.stringify(part));
    }
    assert.equal(text, TEXT);
    assert.match(reasoning, /found-it/);
    const whole = await generateText({ model: model(), prompt: 'do the work', maxRetries: 0 });
    assert.equal(whole.text, TEXT);
    assert.ok((whole.usage.totalTokens ?? 0) > 0);
    assert.ok(requestWith(agent, 'do the work'));
  });

  it('the AI SDK throws its own errors', async () => {
    const generate = (key?: string, prompt = 'hello') =>
      generateText({ model: model(key), prompt, maxRetries: 0 });
    const isCall = (statusCode: number) => (error: unknown) =>
      APICallError.isInstance(error) && error.statusCode === statusCode;
    await assert.rejects(generate('wrong'), isCall(401));
    const stream = streamText({ model: model(), prompt: 'break off', maxRetries: 0, onError: () => {} });
    const kinds: string[] = [];
    for await (const part of stream.fullStream) kinds.push(part.type);
    assert.ok(kinds.includes('error'), kinds.join());
  });
});

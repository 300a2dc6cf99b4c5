// Answers that are not streamed: one completion, however long it takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgenticoreError } from '../../../src/domain/errors.js';
import type { TurnPiece } from '../../../src/domain/turn-piece.js';
import { ask, HI } from './ask.js';
import { startOpenAiServer } from './openai-server.js';
import { gate } from './scripted-turns.js';

const ALL = { thinking: true, tools: true, narration: true, final: true };
const PIECES: readonly TurnPiece[] = [
  { kind: 'thinking', text: 'Hm' },
  { kind: 'tool-result', toolUseId: 'i', isError: false, text: 'a' },
  { kind: 'text', text: 'sub', parent: 'toolu_1' },
  { kind: 'text', text: 'Hi.' },
  { kind: 'text-end', role: 'final' },
];

test('a completion has the text, and the thinking where it is visible', async (t) => {
  const server = await startOpenAiServer(t, { script: { pieces: PIECES, visibility: ALL } });
  const body = await (await ask(server, { messages: HI, model: 'sonnet' })).json();
  const { created, ...rest } = body as Record<string, unknown>;
  assert.equal(typeof created, 'number');
  const jobId = server.turns.jobIds[0];
  assert.deepEqual(rest, {
    id: `chatcmpl-${jobId}`,
    object: 'chat.completion',
    model: 'sonnet',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Hi.', refusal: null, reasoning_content: 'Hm' },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: {
      prompt_tokens: 115,
      completion_tokens: 7,
      total_tokens: 122,
      prompt_tokens_details: { cached_tokens: 100 },
    },
    x_agenticore: {
      cost_usd: 0.01,
      num_turns: 2,
      session_id: 'session-1',
      conversation_id: 'conversation-1',
      job_id: jobId,
    },
  });
  server.turns.script = { pieces: PIECES.slice(3) };
  const plain = (await (await ask(server, { messages: HI })).json()) as { choices: { message: object }[] };
  assert.deepEqual(plain.choices[0]?.message, { role: 'assistant', content: 'Hi.', refusal: null });
});

test('tools are in the text where that is wished', async (t) => {
  const server = await startOpenAiServer(t, {
    script: { pieces: PIECES, visibility: ALL },
    toolChannel: 'content',
  });
  const { choices } = (await (await ask(server, { messages: HI })).json()) as {
    choices: { message: { content: string } }[];
  };
  assert.equal(choices[0]?.message.content, '\n```tool_result\na\n```\nsubHi.');
});

test('toggles alone, and beside a question', async (t) => {
  const config = { visibility: ALL, scope: 'agent' } as const;
  const server = await startOpenAiServer(t, { script: { configured: config } });
  const contentOf = async (): Promise<string> => {
    const { choices } = (await (await ask(server, { messages: HI })).json()) as {
      choices: { message: { content: string } }[];
    };
    return choices[0]?.message.content ?? '';
  };
  const alone = await contentOf();
  assert.equal(JSON.parse(alone).scope, 'agent');
  server.turns.script = { config, pieces: PIECES.slice(3) };
  assert.equal(await contentOf(), `${alone}\n\nHi.`);
});

test('a failure after the early headers is a completion that says so', async (t) => {
  const hold = gate();
  const fail = new AgenticoreError('CLAUDE_TIMEOUT');
  const server = await startOpenAiServer(t, {
    script: { pieces: PIECES, until: hold.passed, fail },
    limits: { earlyHeadersMs: 1, heartbeatMs: 1 },
  });
  const response = await ask(server, { messages: HI });
  hold.open();
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/json');
  const text = await response.text();
  assert.match(text, /^\n+\{/);
  const { choices } = JSON.parse(text);
  assert.match(choices[0].message.content, /^Hi\.\n\nThe turn failed: The attempt passed its deadline/);
  assert.equal(choices[0].finish_reason, 'stop');
  assert.equal(choices[0].x_agenticore_error.code, 'claude_timeout');
});

test('without an answer that fits the schema there is none', async (t) => {
  const server = await startOpenAiServer(t, { script: { pieces: PIECES } });
  const response = await ask(server, { messages: HI, response_format: { type: 'json_object' } });
  assert.equal(response.status, 500);
});

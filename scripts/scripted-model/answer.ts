// Makes the message of a reply, whole or as the events of a stream, the way the Messages API shapes them.
import { randomBytes } from 'node:crypto';
import type { DueStep } from './due-step.js';
import type { ModelRequest } from './request.js';
import type { Usage } from './script.js';
import { fillInput, fillText, findCwd } from './template.js';

type ContentBlock =
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: unknown };

export type Answer = {
  readonly id: string;
  readonly type: 'message';
  readonly role: 'assistant';
  readonly model: string;
  readonly content: readonly ContentBlock[];
  readonly stop_reason: string;
  readonly stop_sequence: null;
  readonly usage: Required<Usage>;
};

export type StreamEvent = { readonly type: string } & Readonly<Record<string, unknown>>;

/** The whole message of a step. Throws Error when a slot of its texts has no value. */
export function makeAnswer(due: DueStep, request: ModelRequest, requestBytes: number): Answer {
  const { script, reply } = due;
  const values = { ...due, cwd: findCwd(request) };
  const content: ContentBlock[] = [];
  if (reply.think !== undefined)
    content.push({ type: 'thinking', thinking: fillText(reply.think, values), signature: makeId('sig', 48) });
  if (reply.say !== undefined) content.push({ type: 'text', text: fillText(reply.say, values) });
  for (const { tool, input } of reply.call ?? [])
    content.push({
      type: 'tool_use',
      id: makeId('toolu', 12),
      name: tool,
      input: fillInput(input ?? {}, values),
    });
  return {
    id: makeId('msg', 12),
    type: 'message',
    role: 'assistant',
    model: reply.model ?? script.model ?? request.model,
    content,
    stop_reason: reply.stop_reason ?? (reply.call?.length ? 'tool_use' : 'end_turn'),
    stop_sequence: null,
    usage: {
      input_tokens: Math.ceil(requestBytes / 4),
      output_tokens: Math.ceil(JSON.stringify(content).length / 4),
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      ...script.usage,
      ...reply.usage,
    },
  };
}

/** The events that stream an answer; text comes in words, tool inputs in pieces of their JSON. */
export function* streamAnswer(answer: Answer): Generator<StreamEvent> {
  const usage = { ...answer.usage, output_tokens: Math.min(1, answer.usage.output_tokens) };
  yield { type: 'message_start', message: { ...answer, content: [], stop_reason: null, usage } };
  yield { type: 'ping' };
  for (const [index, block] of answer.content.entries()) {
    yield { type: 'content_block_start', index, content_block: emptyOf(block) };
    for (const delta of deltasOf(block)) yield { type: 'content_block_delta', index, delta };
    yield { type: 'content_block_stop', index };
  }
  const { stop_reason, stop_sequence } = answer;
  yield { type: 'message_delta', delta: { stop_reason, stop_sequence }, usage: answer.usage };
  yield { type: 'message_stop' };
}

function emptyOf(block: ContentBlock): unknown {
  if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' };
  return block.type === 'text' ? { type: 'text', text: '' } : { ...block, input: {} };
}

function* deltasOf(block: ContentBlock): Generator<unknown> {
  switch (block.type) {
    case 'thinking':
      for (const thinking of words(block.thinking)) yield { type: 'thinking_delta', thinking };
      yield { type: 'signature_delta', signature: block.signature };
      return;
    case 'text':
      for (const text of words(block.text)) yield { type: 'text_delta', text };
      return;
    case 'tool_use':
      for (const partial_json of pieces(JSON.stringify(block.input)))
        yield { type: 'input_json_delta', partial_json };
      return;
    default:
      block satisfies never;
  }
}

function* words(text: string): Generator<string> {
  for (const [word] of text.matchAll(/\s*\S+|\s+/g)) yield word;
}

function* pieces(json: string): Generator<string> {
  const length = Math.max(16, Math.ceil(json.length / 200)); // a large input needs no million events
  for (let at = 0; at < json.length; at += length) yield json.slice(at, at + length);
}

/** An id in the form of the API's own. */
export function makeId(kind: string, bytes: number): string {
  return `${kind}_${randomBytes(bytes).toString('hex')}`;
}

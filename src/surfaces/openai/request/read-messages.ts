// The conversation as a client tells it, taken apart into instructions, history and what is asked now.
import type { ChatMessage, ChatPart } from '../../../domain/chat.js';
import { isRecord } from '../../../domain/json-record.js';
import { invalid } from '../../http/limits.js';
import type { BodyMessage } from './chat-body.js';
import { contentParts, joinedText } from './content-parts.js';

export interface ReadMessages {
  readonly instructions: string | undefined;
  readonly history: readonly ChatMessage[];
  readonly prompt: readonly ChatPart[];
  /** Every message in order, for those who look at what it is about. */
  readonly told: readonly { readonly role: string; readonly text: string }[];
}

/** Throws INVALID_REQUEST naming the message or part. */
export function readMessages(messages: readonly BodyMessage[]): ReadMessages {
  const last = messages.length - 1;
  const { role: lastRole } = messages[last] ?? { role: 'system' };
  if (!asks(lastRole)) throw invalid(`messages[${last}].role`, 'must be user or tool: the last message asks');

  const read = messages.map((message, index) => ({
    role: message.role,
    parts: partsOf(message, `messages[${index}]`),
  }));
  const systems = read.filter(({ role }) => isSystem(role)).map(({ parts }) => joinedText(parts));
  const spoken = read.filter(({ role }) => !isSystem(role));
  const at = promptStart(spoken.map(({ role }) => role));
  const prompt = spoken.slice(at).flatMap(({ parts }) => parts);
  if (!prompt.some((part) => part.kind === 'image' || part.text.trim() !== ''))
    throw invalid(`messages[${last}].content`, 'must not be empty');
  return {
    instructions: systems.filter((text) => text.trim() !== '').join('\n\n') || undefined,
    history: spoken
      .slice(0, at)
      .map(({ role, parts }) => ({ role: role === 'assistant' ? 'assistant' : 'user', parts })),
    prompt,
    told: read.map(({ role, parts }) => ({ role, text: joinedText(parts) })),
  };
}

const isSystem = (role: string): boolean => role === 'system' || role === 'developer';
const isTool = (role: string | undefined): boolean => role === 'tool' || role === 'function';
const asks = (role: string): boolean => role === 'user' || isTool(role);

/** Where what is asked now begins: the last message, or all the answers of tools that the client called at once. */
function promptStart(roles: readonly string[]): number {
  let at = roles.length - 1;
  while (isTool(roles[at]) && isTool(roles[at - 1])) at -= 1;
  return at;
}

function partsOf(message: BodyMessage, at: string): readonly ChatPart[] {
  const parts = contentParts(message, at);
  if (isTool(message.role)) return [{ kind: 'text', text: `[result of ${toolOf(message)}]\n` }, ...parts];
  const calls = message.role === 'assistant' ? callLines(message) : [];
  if (calls.length === 0) return parts;
  const text = `${parts.length === 0 ? '' : '\n'}${calls.join('\n')}`;
  return [...parts, { kind: 'text', text }];
}

function toolOf({ name, tool_call_id }: BodyMessage): string {
  const known = [name, tool_call_id].find((word) => typeof word === 'string' && word !== '');
  return known === undefined ? 'a tool' : `tool ${known}`;
}

/** What the client's own tools were called with: Claude cannot call them, but is to know of it. */
function callLines({ tool_calls, function_call }: BodyMessage): readonly string[] {
  const calls = Array.isArray(tool_calls) ? tool_calls : function_call ? [{ function: function_call }] : [];
  return calls.flatMap((call) => {
    const called: unknown = isRecord(call) ? call.function : undefined;
    if (!isRecord(called) || typeof called.name !== 'string') return [];
    const input = typeof called.arguments === 'string' ? called.arguments : JSON.stringify(called.arguments);
    return [`[called tool ${called.name} with ${input ?? '{}'}]`];
  });
}

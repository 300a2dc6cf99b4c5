// What claude says, message by message, for tests that need no claude.
type Said = { readonly type: string; readonly message: Readonly<Record<string, unknown>> };

const say = (message: { readonly type: string } & Readonly<Record<string, unknown>>): Said => ({
  type: message.type,
  message,
});
const event = (body: object, parent: string | null = null): Said =>
  say({ type: 'stream_event', event: body, parent_tool_use_id: parent });
const delta = (index: number, body: object): Said =>
  event({ type: 'content_block_delta', index, delta: body });

export const messageStart = (): Said => event({ type: 'message_start', message: { id: 'msg' } });
export const messageStop = (reason: string): readonly Said[] => [
  event({ type: 'message_delta', delta: { stop_reason: reason } }),
  event({ type: 'message_stop' }),
];
export const textDelta = (text: string, index = 0): Said => delta(index, { type: 'text_delta', text });
export const thinkingDelta = (thinking: string, index = 0): Said =>
  delta(index, { type: 'thinking_delta', thinking });
export const inputDelta = (partial_json: string, index = 0): Said =>
  delta(index, { type: 'input_json_delta', partial_json });

export const assistant = (block: unknown, more: object = {}): Said =>
  say({
    type: 'assistant',
    message: { id: 'msg', role: 'assistant', content: [block] },
    parent_tool_use_id: null,
    ...more,
  });
export const text = (words: string, more: object = {}): Said =>
  assistant({ type: 'text', text: words }, more);
export const thinking = (words: string, more: object = {}): Said =>
  assistant({ type: 'thinking', thinking: words, signature: 's' }, more);
export const call = (id: string, input: unknown = {}, more: object = {}): Said =>
  assistant({ type: 'tool_use', id, name: 'Bash', input }, more);
export const user = (content: unknown, more: object = {}): Said =>
  say({ type: 'user', message: { role: 'user', content }, parent_tool_use_id: null, ...more });
export const answer = (id: string, content: unknown, more: object = {}): Said =>
  user([{ type: 'tool_result', tool_use_id: id, content, is_error: false }], more);
export const system = (subtype: string): Said => say({ type: 'system', subtype });
export const result = (more: object = {}): Said =>
  say({
    type: 'result',
    subtype: 'success',
    is_error: false,
    num_turns: 1,
    stop_reason: 'end_turn',
    ...more,
  });

/** A text block as it streams: its deltas, then all of it. */
export const streamed = (words: string, index = 0): readonly Said[] => [
  ...(words.match(/\S+\s*/g) ?? []).map((word) => textDelta(word, index)),
  text(words),
];

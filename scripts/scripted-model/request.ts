// Reads a request of the Messages API as far as a script needs it, and refuses what the real API would refuse.

export type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string }
  | { readonly type: 'tool_result'; readonly toolUseId: string; readonly text: string }
  | { readonly type: 'other' };

export type Message = { readonly role: string; readonly blocks: readonly Block[] };

export type ModelRequest = {
  readonly model: string;
  readonly stream: boolean;
  readonly system: string;
  readonly messages: readonly Message[];
  readonly conversationId: string; // the CLI's session where it is told, else empty
};

/** The request, or the reason why the real API would answer 400. */
export function readRequest(body: unknown): ModelRequest | { readonly problem: string } {
  if (!isRecord(body)) return { problem: 'The request body is not a JSON object.' };
  if (typeof body.model !== 'string') return { problem: 'model: Field required' };
  if (typeof body.max_tokens !== 'number') return { problem: 'max_tokens: Field required' };
  if (!Array.isArray(body.messages)) return { problem: 'messages: Field required' };
  if (body.messages.length === 0) return { problem: 'messages: at least one message is required' };
  const messages = body.messages.map(readMessage);
  const orphan = findUnansweredToolUse(messages);
  if (orphan !== undefined) return { problem: orphan };
  return {
    model: body.model,
    stream: body.stream === true,
    system: textOf(body.system),
    messages,
    conversationId: readConversationId(body.metadata),
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readMessage(raw: unknown): Message {
  if (!isRecord(raw)) return { role: '', blocks: [] };
  const content = typeof raw.content === 'string' ? [{ type: 'text', text: raw.content }] : raw.content;
  return { role: String(raw.role), blocks: Array.isArray(content) ? content.map(readBlock) : [] };
}

function readBlock(raw: unknown): Block {
  if (!isRecord(raw)) return { type: 'other' };
  if (raw.type === 'text') return { type: 'text', text: String(raw.text) };
  if (raw.type === 'tool_use') return { type: 'tool_use', id: String(raw.id) };
  if (raw.type === 'tool_result')
    return { type: 'tool_result', toolUseId: String(raw.tool_use_id), text: textOf(raw.content) };
  return { type: 'other' };
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((block) => (isRecord(block) && typeof block.text === 'string' ? block.text : ''))
    .join('\n');
}

// The real API refuses such a history, and a driver that resumes a killed session must never send one.
function findUnansweredToolUse(messages: readonly Message[]): string | undefined {
  for (const [at, message] of messages.entries()) {
    if (message.role !== 'assistant') continue;
    const next = messages.slice(at + 1).find(({ role }) => role !== 'system');
    const answers = next?.blocks ?? [];
    for (const block of message.blocks) {
      if (block.type !== 'tool_use') continue;
      if (answers.some((answer) => answer.type === 'tool_result' && answer.toolUseId === block.id)) continue;
      return `messages.${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${block.id}.`;
    }
  }
  return undefined;
}

// The CLI sends metadata.user_id as JSON (or, in older versions, as user_..._session_<uuid>).
function readConversationId(metadata: unknown): string {
  return isRecord(metadata) && typeof metadata.user_id === 'string' ? metadata.user_id : '';
}

// Who asks, and in which conversation: chat UIs say it in headers of their own.
import { invalid } from '../../http/limits.js';
import type { ChatBody } from './chat-body.js';

/** The headers of a request. */
export interface HeaderReader {
  get(name: string): string | undefined;
}

const CONVERSATION_HEADERS = ['x-conversation-id', 'x-librechat-conversation-id', 'x-openwebui-chat-id'];
const USER_HEADERS = ['x-user-id', 'x-openwebui-user-id'];
const MAX_CHARS = 256;

/** The caller's own name for the conversation. Throws INVALID_REQUEST. */
export const conversationKeyOf = (
  headers: HeaderReader,
  { metadata }: Pick<ChatBody, 'metadata'>,
): string | undefined => firstHeader(headers, CONVERSATION_HEADERS) ?? filled(metadata?.conversation_id);

/** The user that the caller speaks for. Throws INVALID_REQUEST. */
export const userOf = (headers: HeaderReader, { user }: Pick<ChatBody, 'user'>): string | undefined =>
  firstHeader(headers, USER_HEADERS) ?? filled(user);

function firstHeader(headers: HeaderReader, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = filled(headers.get(name));
    if (value === undefined) continue;
    if (value.length > MAX_CHARS) throw invalid(name, `must not be longer than ${MAX_CHARS} characters`);
    return value;
  }
  return undefined;
}

/** A template that the UI did not fill in, `{{CHAT_ID}}`, names no conversation: all of its users would share it. */
function filled(text: string | null | undefined): string | undefined {
  const trimmed = text?.trim() ?? '';
  return trimmed === '' || /^\{\{.*\}\}$/.test(trimmed) ? undefined : trimmed;
}

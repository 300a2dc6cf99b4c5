// Who asks, and in which conversation: chat UIs say it in headers of their own.
import type { Request } from 'express';
import { invalid } from '../../http/limits.js';
import type { ChatBody } from './chat-body.js';

const CONVERSATION_HEADERS = ['x-conversation-id', 'x-librechat-conversation-id', 'x-openwebui-chat-id'];
const USER_HEADERS = ['x-user-id', 'x-openwebui-user-id'];
const MAX_CHARS = 256;

/** The caller's own name for the conversation. Throws INVALID_REQUEST. */
export const conversationKeyOf = (
  req: Request,
  { metadata }: Pick<ChatBody, 'metadata'>,
): string | undefined => firstHeader(req, CONVERSATION_HEADERS) ?? filled(metadata?.conversation_id);

/** The user that the caller speaks for. Throws INVALID_REQUEST. */
export const userOf = (req: Request, { user }: Pick<ChatBody, 'user'>): string | undefined =>
  firstHeader(req, USER_HEADERS) ?? filled(user);

function firstHeader(req: Request, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = filled(req.get(name));
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

// Chat messages in claude's own form. What people say is text: claude would take a leading `/word` for a command and
// obey it, wherever a text block begins; a newline in front is harmless to both.
import { randomUUID } from 'node:crypto';
import type { ChatMessage, ChatPart } from '../../../domain/chat.js';
import type { SystemPrompt } from '../../../ports/turn-agent.js';

export type Line = Readonly<Record<string, unknown>>;

/** The name of the request that tells claude who it is; claude takes only its first one to heart. */
export const INITIALIZE = 'initialize';

/** Tells claude who it is. */
export function initializeLine({ mode, text }: SystemPrompt): Line {
  const prompt = text === '' ? {} : { [mode === 'append' ? 'appendSystemPrompt' : 'systemPrompt']: text };
  return { type: 'control_request', request_id: INITIALIZE, request: { subtype: 'initialize', ...prompt } };
}

/** What is asked now; text that begins with one of the commands stays one. */
export function promptLine(prompt: readonly ChatPart[], commands: readonly string[]): Line {
  return userLine(
    contentOf(prompt, (text) => (beginsWithCommand(text, commands) ? text : asPlainText(text))),
  );
}

/**
 * What was said before by one side; undefined when that was nothing. Its `uuid` is what ties the next line of the
 * session file to it: without one, all that was told before would be missing when the session is resumed.
 */
export function historyLine({ role, parts }: ChatMessage): Line | undefined {
  if (role === 'user') {
    const said = parts.filter((part) => part.kind !== 'text' || part.text.trim() !== '');
    if (said.length === 0) return undefined;
    return { ...userLine(contentOf(said, asPlainText)), uuid: randomUUID(), shouldQuery: false };
  }
  const texts = parts.flatMap((part) => (part.kind === 'text' && part.text.trim() !== '' ? [part.text] : []));
  if (texts.length === 0) return undefined;
  const content = texts.map((text) => ({ type: 'text', text }));
  return { type: 'assistant', uuid: randomUUID(), message: { role: 'assistant', content } };
}

const userLine = (content: unknown): Line => ({ type: 'user', message: { role: 'user', content } });

const asPlainText = (text: string): string => `\n${text}`;

function contentOf(parts: readonly ChatPart[], spell: (text: string) => string): unknown {
  const [only] = parts;
  if (parts.length === 1 && only?.kind === 'text') return spell(only.text);
  return parts.map((part) =>
    part.kind === 'text'
      ? { type: 'text', text: spell(part.text) }
      : { type: 'image', source: { type: 'base64', media_type: part.mediaType, data: part.data } },
  );
}

function beginsWithCommand(text: string, commands: readonly string[]): boolean {
  const word = /^\/(\S+)/.exec(text)?.[1];
  return word !== undefined && (commands.includes(word) || commands.includes(`/${word}`));
}

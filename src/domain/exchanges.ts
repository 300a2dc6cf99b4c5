// A chat history as the exchanges that it is made of, freed of everything in which what a client sends back may differ
// from what it was shown. Two histories are the same when their exchanges are.
import type { ChatMessage, ChatPart } from './chat.js';
import { takePartTokens } from './slash-tokens.js';
import { withoutConfig } from './visibility.js';

/** A text, or the fingerprint of an image. */
export type Said = string | { readonly image: string };

/** What the user said, and what followed. */
export interface Exchange {
  readonly user: readonly Said[];
  readonly assistant: readonly Said[];
}

/** Names an image by its content. */
export type Fingerprint = (mediaType: string, data: string) => string;

/**
 * The history without what was never said to Claude: tokens, the messages that consist of nothing else, and the configs
 * that answered them.
 */
export function withoutToggles(history: readonly ChatMessage[]): readonly ChatMessage[] {
  return history.flatMap((message): readonly ChatMessage[] => {
    const parts =
      message.role === 'user' ? takePartTokens(message.parts).parts : message.parts.flatMap(withoutTold);
    return parts.length === 0 && message.parts.length > 0 ? [] : [{ role: message.role, parts }];
  });
}

function withoutTold(part: ChatPart): readonly ChatPart[] {
  if (part.kind !== 'text') return [part];
  const text = withoutConfig(part.text);
  if (text === part.text) return [part];
  return text.trim() === '' ? [] : [{ kind: 'text', text }];
}

/** The exchanges of a history, in order; messages of one role that follow each other are one. */
export function exchangesOf(history: readonly ChatMessage[], fingerprint: Fingerprint): readonly Exchange[] {
  const exchanges: { user: Said[]; assistant: Said[] }[] = [];
  let isAnswered = true;
  for (const { role, parts } of withoutToggles(history)) {
    if (exchanges.length === 0 || (role === 'user' && isAnswered))
      exchanges.push({ user: [], assistant: [] });
    isAnswered = role === 'assistant';
    const said = exchanges.at(-1)?.[role];
    for (const part of parts) if (said !== undefined) addPart(said, part, role, fingerprint);
  }
  return exchanges;
}

function addPart(said: Said[], part: ChatPart, role: ChatMessage['role'], fingerprint: Fingerprint): void {
  if (part.kind === 'image') {
    said.push({ image: fingerprint(part.mediaType, part.data) });
    return;
  }
  const text = role === 'user' ? normalText(part.text) : answerText(part.text);
  if (text === '') return;
  const last = said.at(-1);
  if (typeof last === 'string') said[said.length - 1] = `${last}\n${text}`;
  else said.push(text);
}

/** Line ends, white space at the ends of lines and of the text, and ways to write an accent do not count. */
const normalText = (text: string): string =>
  linesOf(text)
    .map((line) => line.trimEnd())
    .join('\n')
    .trim();

const linesOf = (text: string): readonly string[] => text.normalize('NFC').split(/\r\n|[\r\n\u2028\u2029]/);

/**
 * The words of an answer. Clients may have got thinking and tools in between, and send them back or not, with more or
 * less space around them.
 */
function answerText(text: string): string {
  const words = cut(cut(text, '<think>', '</think>'), '<details type="reasoning"', '</details>');
  const lines = withoutToolBlocks(linesOf(words)).map((line) => line.trimEnd());
  return lines
    .filter((line) => line !== '')
    .join('\n')
    .trim();
}

/** The text without what stands between the marks; a mark that is never closed is text. */
function cut(text: string, open: string, close: string): string {
  const kept: string[] = [];
  let from = 0;
  for (let at = text.indexOf(open); at >= 0; at = text.indexOf(open, from)) {
    const end = text.indexOf(close, at);
    if (end < 0) break;
    kept.push(text.slice(from, at));
    from = end + close.length;
  }
  return [...kept, text.slice(from)].join('\n');
}

/** The fenced blocks in which tool calls and results are shown. */
function withoutToolBlocks(lines: readonly string[]): readonly string[] {
  let fence: string | undefined;
  return lines.filter((line) => {
    if (fence !== undefined) {
      if (line.trim() === fence) fence = undefined;
      return false;
    }
    fence = /^(`{3,})tool_(?:use|result)\b/.exec(line)?.[1];
    return fence === undefined;
  });
}

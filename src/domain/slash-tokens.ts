// The words by which a caller says in the chat itself what it wants to see. They are for us: Claude never reads them.
import type { ChatMessage, ChatPart } from './chat.js';
import { findCode, type Span } from './code-spans.js';
import { SLASH_TOKENS, type SlashToken } from './visibility.js';

/** What stood in a text besides its meaning. */
export interface Wishes {
  /** In the order in which they were written. */
  readonly tokens: readonly SlashToken[];
  /** `/stream-status` is among them. */
  readonly asksStatus: boolean;
}

const TOKEN = new RegExp(`(?<!\\S)(?:${SLASH_TOKENS.join('|')})(?!\\S)`, 'g');
const LINE_END = /[\r\n\u2028\u2029]/;
const REST_OF_LAST_LINE = /[^\r\n\u2028\u2029]*$/;

/** The text without its tokens. Each takes one adjacent blank with it; all other spacing stays as it was. */
export function takeTokens(text: string): Wishes & { readonly text: string } {
  const found = [...text.matchAll(TOKEN)];
  const code = found.length === 0 ? [] : findCode(text);
  const tokens: SlashToken[] = [];
  const kept: string[] = [];
  let from = 0;
  let nextCode = 0;
  let beginsLine = true;
  for (const { 0: word, index } of found) {
    while ((code[nextCode]?.end ?? Number.POSITIVE_INFINITY) <= index) nextCode += 1;
    if (covers(code[nextCode], index)) continue;
    const before = text.slice(from, index);
    from = index + word.length;
    beginsLine = isIndentation(before, beginsLine);
    // What stands before a token at the beginning of a line is the indentation of what follows: there the blank behind
    // the token goes. Anywhere else it is the one before, and there is one, for the token does not begin the line.
    if (beginsLine && isBlank(text[from])) from += 1;
    kept.push(beginsLine ? before : before.slice(0, -1));
    const token = SLASH_TOKENS.find((known) => known === word);
    if (token !== undefined) tokens.push(token);
  }
  return { text: kept.join('') + text.slice(from), ...wishesOf(tokens) };
}

/** The same over all text parts; a part of which only white space is left goes with its tokens. */
export function takePartTokens(parts: readonly ChatPart[]): Wishes & { readonly parts: readonly ChatPart[] } {
  const tokens: SlashToken[] = [];
  const kept = parts.flatMap((part): readonly ChatPart[] => {
    if (part.kind !== 'text') return [part];
    const taken = takeTokens(part.text);
    if (taken.tokens.length === 0) return [part];
    for (const token of taken.tokens) tokens.push(token);
    return taken.text.trim() === '' ? [] : [{ kind: 'text', text: taken.text }];
  });
  return { parts: kept, ...wishesOf(tokens) };
}

/** An earlier message as Claude gets to read it: tokens in it change nothing any more. */
export function stripTokens(message: ChatMessage): ChatMessage {
  return message.role === 'user' ? { ...message, parts: takePartTokens(message.parts).parts } : message;
}

/**
 * The text as Claude's slash interpreter leaves it alone, which looks at the very first character only. `commands` are
 * the commands and skills that the package defines, with or without their slash: text that begins with one stays.
 */
export function asPlainText(text: string, commands: readonly string[]): string {
  if (!text.startsWith('/')) return text;
  const word = /^\/(\S*)/.exec(text)?.[1] ?? '';
  return commands.some((command) => command.replace(/^\//, '') === word) ? text : `\n${text}`;
}

const wishesOf = (tokens: readonly SlashToken[]): Wishes => ({
  tokens,
  asksStatus: tokens.includes('/stream-status'),
});

const covers = (span: Span | undefined, at: number): boolean =>
  span !== undefined && span.start <= at && at < span.end;

const isBlank = (char = ''): boolean => /\s/.test(char) && !LINE_END.test(char);

/** True when nothing but white space stands on the last line of the text, which itself may begin within a line. */
function isIndentation(text: string, beginsLine: boolean): boolean {
  const last = REST_OF_LAST_LINE.exec(text)?.[0] ?? '';
  return last.trim() === '' && (beginsLine || last.length < text.length);
}

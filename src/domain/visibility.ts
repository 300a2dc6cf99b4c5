// What of a turn a reader is shown, and the words by which callers change it.
import { AgenticoreError } from './errors.js';

export interface Visibility {
  readonly thinking: boolean;
  /** Tool calls and their results. */
  readonly tools: boolean;
  /** What Claude says before it calls a tool. */
  readonly narration: boolean;
  /** What Claude says last. */
  readonly final: boolean;
}

/** What the reader of a conversation is shown, as `/stream-status` tells it. */
export interface StreamConfig {
  readonly visibility: Visibility;
  /** For whom it holds: everybody without a name or conversation of their own, this caller, conversation or request. */
  readonly scope: 'agent' | 'caller' | 'conversation' | 'request';
}

/** A plain client gets Claude's text, once. */
export const TEXT_ONLY: Visibility = { thinking: false, tools: false, narration: true, final: true };

const ALL: Visibility = { thinking: true, tools: true, narration: true, final: true };
const NONE: Visibility = { thinking: false, tools: false, narration: false, final: false };

export const SLASH_TOKENS = [
  '/show-thinking',
  '/hide-thinking',
  '/show-tools',
  '/hide-tools',
  '/show-narration',
  '/hide-narration',
  '/show-final',
  '/hide-final',
  '/show-all',
  '/hide-all',
  '/stream-status',
] as const;

export type SlashToken = (typeof SLASH_TOKENS)[number];

/** From left to right: the last word on a thing holds. */
export const applyTokens = (visibility: Visibility, tokens: readonly SlashToken[]): Visibility =>
  tokens.reduce(applyToken, visibility);

function applyToken(visibility: Visibility, token: SlashToken): Visibility {
  switch (token) {
    case '/show-thinking':
      return { ...visibility, thinking: true };
    case '/hide-thinking':
      return { ...visibility, thinking: false };
    case '/show-tools':
      return { ...visibility, tools: true };
    case '/hide-tools':
      return { ...visibility, tools: false };
    case '/show-narration':
      return { ...visibility, narration: true };
    case '/hide-narration':
      return { ...visibility, narration: false };
    case '/show-final':
      return { ...visibility, final: true };
    case '/hide-final':
      return { ...visibility, final: false };
    case '/show-all':
      return ALL;
    case '/hide-all':
      return { ...NONE, final: true }; // a chat without an answer is of no use to anybody
    case '/stream-status':
      return visibility;
    default:
      return token satisfies never;
  }
}

const WORDS: Readonly<Record<string, Partial<Visibility>>> = {
  thinking: { thinking: true },
  tools: { tools: true },
  narration: { narration: true },
  final: { final: true },
  text: { narration: true, final: true },
  all: ALL,
  none: {},
};

/** Reads a list such as `thinking,tools`: what it names is shown, nothing else. Throws INVALID_REQUEST. */
export function parseVisibility(list: string): Visibility {
  return Object.assign({}, NONE, ...list.split(',').map(meaningOf));
}

function meaningOf(written: string): Partial<Visibility> {
  const word = written.trim().toLowerCase();
  const meaning = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  if (meaning !== undefined) return meaning;
  const allowed = Object.keys(WORDS).join(', ');
  throw new AgenticoreError(
    'INVALID_REQUEST',
    `${JSON.stringify(word)} is nothing that can be shown or hidden; a visibility is a comma-separated list of ${allowed}.`,
  );
}

/** One line of JSON: what a caller that asks is told. */
export function configJson({ visibility, scope }: StreamConfig): string {
  return JSON.stringify({
    show_thinking: visibility.thinking,
    show_tools: visibility.tools,
    show_narration: visibility.narration,
    show_final: visibility.final,
    scope,
  });
}

/** What `configJson` gives, at the beginning of a text. */
const CONFIG_JSON =
  /^\s*\{"show_thinking":(?:true|false),"show_tools":(?:true|false),"show_narration":(?:true|false),"show_final":(?:true|false),"scope":"[a-z]{1,20}"\}/;

/** A shown text without the config that was told before it. */
export const withoutConfig = (text: string): string => text.replace(CONFIG_JSON, '');

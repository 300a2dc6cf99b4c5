// Which conversation a request belongs to, and whether what Claude has in mind is what the client says was said before.
import type { Caller, ChatMessage, ChatPart } from './chat.js';
import { canonicalJson, GENESIS, type Hash } from './evidence.js';
import { type Exchange, exchangesOf } from './exchanges.js';
import { takePartTokens } from './slash-tokens.js';

export interface HistoryChain {
  /** Hash over all exchanges; GENESIS for none. */
  readonly head: string;
  readonly exchanges: number;
}

/** The hash chain over a history as a client tells it. */
export function chainHistory(history: readonly ChatMessage[], hash: Hash): HistoryChain {
  const exchanges = readExchanges(history, hash);
  const head = exchanges.reduce((earlier, exchange) => link(earlier, exchange, hash), GENESIS);
  return { head, exchanges: exchanges.length };
}

/**
 * The head after a turn: that of the history which a client will tell that sends back the content it was shown. A prompt
 * of nothing but tokens is no turn.
 */
export function extendHead(
  head: string,
  prompt: readonly ChatPart[],
  shownContent: string,
  hash: Hash,
): string {
  const { parts, tokens } = takePartTokens(prompt);
  if (parts.length === 0 && tokens.length > 0) return head;
  const turn: readonly ChatMessage[] = [
    { role: 'user', parts },
    { role: 'assistant', parts: [{ kind: 'text', text: shownContent }] },
  ];
  return readExchanges(turn, hash).reduce((earlier, exchange) => link(earlier, exchange, hash), head);
}

const readExchanges = (history: readonly ChatMessage[], hash: Hash): readonly Exchange[] =>
  exchangesOf(history, (mediaType, data) => hash(canonicalJson([mediaType, data])));

const link = (prev: string, { user, assistant }: Exchange, hash: Hash): string =>
  hash(canonicalJson({ prev, user, assistant }));

/** What tells conversations apart. */
export type ConversationName = {
  readonly agent: string;
  readonly caller: Caller;
} & (
  | { readonly key: string }
  /** Without a key: the history so far. GENESIS finds nothing of use, for every new chat begins with it. */
  | { readonly head: string }
);

/** The id of a conversation: no two callers share one, nor two users that a caller speaks for. */
export function conversationId(name: ConversationName, hash: Hash): string {
  const { agent, caller } = name;
  const by = 'key' in name ? { key: name.key } : { head: name.head };
  return hash(canonicalJson({ agent, caller: caller.name, user: caller.user, ...by }));
}

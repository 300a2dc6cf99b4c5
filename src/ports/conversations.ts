// The sticky thread of turns: which Claude session a conversation is in, what its reader wants to see, and whose turn
// it is. Known to the whole fleet.
import type { Visibility } from '../domain/visibility.js';

export interface Conversation {
  readonly sessionId: string;
  /** Claude's session file; only the hosts that share its disk can resume it. */
  readonly transcript?: string;
  /** The last message of Claude's own that the session file must hold (ports/turn-agent). */
  readonly leaf?: string;
  /** Hash of the exchanges that Claude has in mind (domain/conversation). */
  readonly head: string;
  /** Hash of what the session was begun with: package version, model, instructions. */
  readonly setup: string;
  /** The process that keeps it live, and the name under which it does. */
  readonly worker: string;
  readonly thread: string;
}

/** Ids and scopes may be any text. Every method throws BUS_UNREACHABLE when the bus does not answer. */
export interface Conversations {
  find(id: string): Promise<Conversation | undefined>;
  /** Remembers it for `ttlMs` from now. */
  save(id: string, conversation: Conversation, ttlMs: number): Promise<void>;
  forget(id: string): Promise<void>;
  /** What was chosen for this scope; undefined when nothing was. */
  visibility(scope: string): Promise<Visibility | undefined>;
  /** `ttlMs` undefined: for good. */
  setVisibility(scope: string, visibility: Visibility, ttlMs?: number): Promise<void>;
  /**
   * Takes the turn of a conversation for `holder` (a job id) until `leaseMs` from now, or prolongs it; false when it is
   * another's.
   */
  takeTurn(id: string, holder: string, leaseMs: number): Promise<boolean>;
  /** Prolongs it. False when it is no longer the holder's. */
  extendTurn(id: string, holder: string, leaseMs: number): Promise<boolean>;
  /** Gives it back and rings those who wait for it. Does nothing when it is another's. */
  endTurn(id: string, holder: string): Promise<void>;
  /** Whose turn it is. */
  holder(id: string): Promise<string | undefined>;
  /**
   * Calls `ring` when the turn of the conversation was ended; may ring for nothing. A turn that lapses rings nobody: who
   * waits also tries again by itself, once in a while. Active when it resolves; the function it resolves to ends it.
   */
  watchTurn(id: string, ring: () => void): Promise<() => void>;
}

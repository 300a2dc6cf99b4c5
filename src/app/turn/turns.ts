// What the surfaces of an agent call: open a turn, run it, look at one again. Types only; `openTurns` makes it.
import type { TurnRequest } from '../../domain/chat.js';
import type { Usage } from '../../domain/job-event.js';
import type { TurnPiece } from '../../domain/turn-piece.js';
import type { StreamConfig, Visibility } from '../../domain/visibility.js';
import type { RequestKey } from '../request-key.js';

export interface TurnResult {
  /** Why Claude stopped. `length`: max tokens or max turns; `refusal`: the model declined. */
  readonly finish: 'stop' | 'length' | 'refusal';
  readonly usage: Usage | undefined;
  readonly costUsd: number;
  readonly numTurns: number;
  readonly sessionId: string | undefined;
  /** Claude's final answer, with nothing hidden. */
  readonly answer: string | undefined;
  /** With a JSON schema: the answer as JSON. It is the only content then. */
  readonly structuredOutput?: unknown;
}

/** What can be said of a turn before anything is said in it. */
export interface TurnHead {
  readonly jobId: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly conversationId: string | undefined;
  readonly visibility: Visibility;
  /** Set when the caller asked for it beside something else: told before the turn. */
  readonly config: StreamConfig | undefined;
}

/** A turn that has been admitted: it is in the ledger, and its place is kept. Nothing has been asked of Claude yet. */
export interface AcceptedTurn extends TurnHead {
  /**
   * Runs it, once. `take` gets each visible piece in the tick in which Claude said it; a returned promise holds Claude
   * back. Aborting the signal interrupts Claude, unless the turn has a key: its caller comes back for it. Throws
   * AgenticoreError when the turn fails; CANCELLED when aborted.
   */
  run(take: (piece: TurnPiece) => Promise<void> | void, signal: AbortSignal): Promise<TurnResult>;
}

export type OpenedTurn =
  /** Nothing was left to ask but what is shown from now on. */
  | { readonly kind: 'configured'; readonly config: StreamConfig }
  | { readonly kind: 'accepted'; readonly turn: AcceptedTurn }
  /** The same request began it before, under the same key: `replay` tells it. */
  | { readonly kind: 'known'; readonly turn: TurnHead };

export interface ModelRow {
  readonly id: string;
  readonly createdAt: number; // epoch milliseconds
}

export interface Turns {
  /** Every id that a request may name as its model: the agent's name first. */
  models(): readonly ModelRow[];
  /** What `--model` takes for an id that a caller named; undefined for an unknown one. A `provider/` in front is ignored. */
  resolveModel(id: string): string | undefined;
  /**
   * Admits a turn; one whose key is taken is known, and nothing is begun. Throws AGENT_BUSY (nothing was started;
   * Retry-After), CONVERSATION_BUSY (policy reject), CLAUDE_USAGE_LIMIT, DISK_FULL, DRAINING, BUS_UNREACHABLE; of a key
   * IDEMPOTENCY_MISMATCH, and JOB_NOT_FOUND or MESSAGE_NOT_FOUND when what it began is not kept any more.
   */
  open(request: TurnRequest, signal: AbortSignal, key?: RequestKey): Promise<OpenedTurn>;
  /**
   * A turn once more, from its beginning: its visible pieces as the feed has them, the same text per kind but not in the
   * same cuts. Follows a running one to its end. Throws JOB_NOT_FOUND, and what the turn failed with.
   */
  replay(
    jobId: string,
    caller: string,
    take: (piece: TurnPiece) => Promise<void> | void,
    signal: AbortSignal,
  ): Promise<TurnResult>;
}

// What the counter for single completions calls: a turn under a name that its caller gave. Types only.
import type { Caller, TurnRequest } from '../../domain/chat.js';
import type { ErrorCode } from '../../domain/errors.js';
import type { Usage } from '../../domain/job-event.js';
import type { JsonRecord } from '../../domain/json-record.js';

export type CompletionStatus = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';

export interface CompletionRequest {
  /** `[A-Za-z0-9._-]{1,128}`, chosen by the caller; names of different callers are different. */
  readonly uuid: string;
  readonly turn: TurnRequest;
  /** Given back with the completion. */
  readonly meta?: JsonRecord;
  /** Where its end is told. */
  readonly callbackUrl?: string;
}

export interface CompletionToolUse {
  readonly id: string;
  readonly name: string;
  /** JSON. */
  readonly input: string;
}

export interface Completion {
  readonly uuid: string;
  readonly jobId: string;
  readonly status: CompletionStatus;
  readonly message: string;
  readonly createdAt: number; // epoch milliseconds, as are the next two
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Claude's final answer. */
  readonly result?: string;
  /** Set when it failed or was cancelled. */
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  readonly sessionId?: string;
  readonly costUsd?: number;
  readonly durationMs?: number;
  readonly numTurns?: number;
  readonly usage?: Usage;
  readonly toolUses: readonly CompletionToolUse[];
  readonly meta?: JsonRecord;
}

export interface Completions {
  /**
   * Begins a turn; a uuid that the caller has used before gives the completion that is there, and begins nothing. With
   * `wait` it resolves when the completion has ended, however it ended, else when it is accepted; aborting the signal
   * ends the waiting only, and it resolves as things stand. Throws what `Turns.open` throws, and
   * CALLBACK_URL_REFUSED, when nothing was begun.
   */
  complete(request: CompletionRequest, wait: boolean, signal: AbortSignal): Promise<Completion>;
  find(uuid: string, caller: Caller): Promise<Completion | undefined>;
  /** Those of the caller, newest first. */
  list(query: {
    readonly caller: Caller;
    readonly status?: CompletionStatus;
    readonly limit: number;
  }): Promise<readonly Completion[]>;
}

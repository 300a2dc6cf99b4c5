// What the OpenAI surface is built from: use cases and facts, handed in by the role that opens the counter.
import type { Turns } from '../../app/turn/turns.js';
import type { Check } from '../../domain/errors.js';
import type { Hash } from '../../domain/evidence.js';
import type { Visibility } from '../../domain/visibility.js';
import type { Clock } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import type { Meter } from '../../ports/meter.js';

/** Where the blocks that tell of tools go. */
export type ToolChannel = 'reasoning' | 'content';

/** What tells that a chat UI asks something on the side. */
export interface SeenRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly messages: readonly { readonly role: string; readonly text: string }[];
}

export interface OpenAiLimits {
  readonly maxBodyBytes: number;
  /** How often a stream gets a comment. */
  readonly keepAliveMs: number;
  /** A reader that takes nothing for this long is closed; it can resume. */
  readonly stallMs: number;
  /** A turn that nobody has read for this long is interrupted. */
  readonly disconnectGraceMs: number;
  /** Without a result for this long, a whole answer is begun, so that its client goes on waiting. */
  readonly earlyHeadersMs: number;
  /** How often it then gets a line break. */
  readonly heartbeatMs: number;
  /** How long the answer of a completed turn is given to the same request again. */
  readonly repeatMs: number;
  /** How many turns this process remembers for that. */
  readonly maxRemembered: number;
}

export const DEFAULT_OPENAI_LIMITS: OpenAiLimits = {
  maxBodyBytes: 20 * 1024 * 1024,
  keepAliveMs: 10_000,
  stallMs: 30_000,
  disconnectGraceMs: 0,
  earlyHeadersMs: 20_000,
  heartbeatMs: 15_000,
  repeatMs: 600_000,
  maxRemembered: 1000,
};

export interface OpenAiDeps {
  readonly turns: Turns;
  readonly isAuxiliary: (seen: SeenRequest) => boolean;
  /** Throws INVALID_REQUEST. */
  readonly parseVisibility: (text: string) => Visibility;
  /** Of schemas/chat-request.schema.json. */
  readonly checkRequest: Check;
  readonly toolChannel: ToolChannel;
  readonly limits: OpenAiLimits;
  readonly hash: Hash;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  /** Aborted when the server closes: readers of turns that are told again come back, to another process. */
  readonly closing: AbortSignal;
}

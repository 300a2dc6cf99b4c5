// What a pool of claude processes is given, and the limits that it keeps when nothing else is said.
import type { Clock } from '../../../ports/clock.js';
import type { Log } from '../../../ports/log.js';
import type { Guard } from '../../host/attempt/guard.js';

export interface PoolDeps {
  /** Path of the claude binary. */
  readonly binary: string;
  /** Runs the stop ladder when this process is SIGKILLed. */
  readonly guard?: Guard;
  readonly log: Log;
  readonly clock?: Clock;
  /** Processes that live at the same time: in a turn, kept, started ahead, starting or ending. */
  readonly maxProcesses: number;
  /** How long a conversation keeps its process after a turn. */
  readonly idleMs: number;
  /** Older processes get no further turn; 1 h. */
  readonly maxAgeMs?: number;
  /** Processes that served so many turns get no further one; 200. */
  readonly maxTurnsPerProcess?: number;
  /** Larger processes get no further turn; 1.5 GiB. */
  readonly maxRssBytes?: number;
  /** Longest line kept whole; 64 MiB. */
  readonly maxLineBytes?: number;
  /** How long claude may say nothing while no tool runs; 10 minutes. */
  readonly silenceMs?: number;
}

export const MAX_AGE_MS = 60 * 60_000;
export const MAX_TURNS = 200;
export const MAX_RSS_BYTES = 1.5 * 1024 ** 3;
export const SILENCE_MS = 10 * 60_000;

// Everything a process needs of the bus, as one thing to open and close. Two machines make it: files and Redis.
import type { Breaker } from './breaker.js';
import type { Callbacks } from './callbacks.js';
import type { CommandQueue } from './command-queue.js';
import type { Conversations } from './conversations.js';
import type { Custody } from './custody.js';
import type { DeadLetters } from './dead-letters.js';
import type { EventLog } from './event-log.js';
import type { Feed } from './feed.js';
import type { Grants } from './grants.js';
import type { Registry } from './registry.js';
import type { Tallies } from './tallies.js';
import type { TranscriptLog } from './transcript-log.js';
import type { Visits } from './visits.js';

/** A setting of the bus under which it cannot keep a promise. Each part is a sentence. */
export interface Weakness {
  readonly fact: string;
  readonly mend: string;
}

export interface Bus {
  readonly name: 'file' | 'redis';
  readonly events: EventLog;
  readonly queue: CommandQueue;
  readonly deadLetters: DeadLetters;
  readonly transcript: TranscriptLog;
  readonly feed: Feed;
  readonly registry: Registry;
  readonly custody: Custody;
  readonly breaker: Breaker;
  readonly conversations: Conversations;
  readonly callbacks: Callbacks;
  readonly grants: Grants;
  readonly visits: Visits;
  readonly tallies: Tallies;
  /** Resolves when the bus can be written to; throws BUS_UNREACHABLE with the reason. */
  ping(): Promise<void>;
  /** What about its settings weakens its promises; throws BUS_UNREACHABLE. */
  weaknesses(): Promise<readonly Weakness[]>;
  close(): Promise<void>;
}

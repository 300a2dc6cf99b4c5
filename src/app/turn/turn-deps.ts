// What turns are admitted and run with, put together by the role that opens the agent's counter.
import type { TextFlow } from '../../domain/text-flow.js';
import type { Visibility } from '../../domain/visibility.js';
import type { Breaker } from '../../ports/breaker.js';
import type { CommandQueue } from '../../ports/command-queue.js';
import type { Conversations } from '../../ports/conversations.js';
import type { Courier } from '../../ports/courier.js';
import type { DiskRoom } from '../../ports/disk-room.js';
import type { Feed } from '../../ports/feed.js';
import type { Log } from '../../ports/log.js';
import type { Meter } from '../../ports/meter.js';
import type { PackageStore } from '../../ports/packages.js';
import type { Spools } from '../../ports/spool.js';
import type { TranscriptLog } from '../../ports/transcript-log.js';
import type { TurnAgent } from '../../ports/turn-agent.js';
import type { LedgerDeps } from '../handle-command.js';
import type { Leases } from '../loops/lease.js';
import type { Slots } from '../slots.js';

export interface TurnPolicy {
  readonly lane: string;
  /** Turns that may wait for a place; more are refused. */
  readonly maxWaiting: number;
  /** What becomes of a second turn of a conversation while the first runs. */
  readonly conversation: 'queue' | 'reject' | 'interrupt';
  readonly visibility: Visibility;
  /** How long a conversation is remembered after its last turn. */
  readonly sessionTtlMs: number;
  /** How long the record of a turn is kept after its end. */
  readonly jobTtlS: number;
  /** Undefined: what was said is kept as long as the record. */
  readonly feedTtlS?: number | undefined;
  /** How long a turn may wait for a place. */
  readonly queueTtlS: number;
  /** For how long whose turn it is holds without being prolonged. */
  readonly leaseMs: number;
}

export interface TurnDeps extends LedgerDeps {
  readonly queue: CommandQueue;
  readonly feed: Feed;
  readonly transcript: TranscriptLog;
  readonly conversations: Conversations;
  readonly breaker: Breaker;
  /** Fingerprint of the model credential of this process. */
  readonly credential: string;
  readonly packages: PackageStore;
  readonly courier: Pick<Courier, 'check'>;
  /** False while draining. */
  readonly accepting: () => boolean;
  readonly newId: () => string;
  readonly redact: (text: string) => string;
  readonly openFlow: () => TextFlow;
  readonly policy: TurnPolicy;
  readonly worker: string;
  readonly log: Log;
  readonly meter: Meter;
  /** Undefined in a process that runs no turns itself. */
  readonly stage: TurnStage | undefined;
}

/** Where turns run in this process. */
export interface TurnStage {
  readonly agent: TurnAgent;
  /** One for each turn that may run at once. */
  readonly slots: Slots;
  readonly leases: Leases;
  readonly spools: Spools;
  readonly host: string;
  /** On the disks that turns write to. */
  readonly room: DiskRoom;
  /** Claude's environment: model credentials and what the package's `env` lists. */
  readonly environment: (names: readonly string[]) => Readonly<Record<string, string>>;
  /** Aborted when the process leaves and waits no longer: what runs is stopped. */
  readonly handBack: AbortSignal;
  /** Ids of the turns that run here, or are still being written down. */
  readonly running: Set<string>;
  /** What is still being written down of turns that have been answered: whoever leaves waits for it. */
  readonly recording: Set<Promise<void>>;
}

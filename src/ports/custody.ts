// What only the keeper of the bus does: looks at what is behind the other ports, and sets it right.

import type { LedgerRecord } from '../domain/evidence.js';
import type { FeedEntry } from './feed.js';
import type { StoredJob } from './stored-job.js';

/** How a lane stands at one moment; `length` = `waiting` + `running`. */
export interface LaneReport {
  readonly lane: string;
  readonly length: number;
  readonly waiting: number;
  readonly running: number;
  /** When the entry that waits longest was put there, in epoch milliseconds; undefined when none waits. */
  readonly oldestAt: number | undefined;
  /** Workers that have claimed from it. */
  readonly consumers: number;
  /** Entries that nobody has been given yet, as the bus itself counts them; undefined when it does not know. */
  readonly lag: number | undefined;
}

/** A lane entry in some worker's hands. */
export interface PendingEntry {
  readonly lane: string;
  readonly jobId: string;
  readonly worker: string;
  /** Since the claim was made or last extended. */
  readonly idleMs: number;
  /** How often it was handed out. */
  readonly deliveries: number;
}

/** What became of a feed of which only the job's own events are kept. */
export interface TrimMark {
  /** Of the last entry that was forgotten; 0-0 when there was none. */
  readonly cursor: string;
  /** Hash of the last message that was forgotten; undefined when there was none. */
  readonly hash?: string;
}

/** What is to be forgotten of an ended job. */
export interface Cut {
  /** The version at which this was found. */
  readonly version: number;
  readonly mark: TrimMark;
  /** Places of the events in the feed, in order: they are kept. */
  readonly cursors: readonly string[];
}

/** Something on the bus that belongs to no job. */
export interface Stray {
  /** Of the job that it names. */
  readonly jobId: string;
  /** What it is, in words. */
  readonly what: string;
}

/** A feed entry on its way from one bus to another, with the whole message where the entry is only a preview. */
export interface MovedEntry extends FeedEntry {
  readonly whole?: string;
}

/** All of a job besides its feed. */
export interface MovedJob {
  readonly records: readonly LedgerRecord[];
  /** Place of each record in the feed; those after the end of the job have none. */
  readonly cursors: readonly string[];
  readonly after: StoredJob;
  readonly answer?: string;
  readonly request?: string;
  readonly trimmed?: TrimMark;
}

/** A job on its way in: nobody sees any of it before it is settled, and then all of it at once. */
export interface Arrival {
  /** The next entries of its feed, in order, events among them. */
  add(entries: readonly MovedEntry[]): Promise<void>;
  /**
   * `written`: the job is here as it was there, and waits or ends where its state says; the lease of a direct attempt has
   * lapsed. `same`: it was here already.
   * `different`: a job of this id with another history is here; nothing was changed.
   */
  settle(job: MovedJob): Promise<'written' | 'same' | 'different'>;
  /** Forgets what came; harmless after settling. */
  drop(): Promise<void>;
}

/** Every method throws BUS_UNREACHABLE when the bus does not answer; those that write, BUS_LOCKED on a bus that was opened for reading. */
export interface Custody {
  /** Every lane that has held an entry, by name. */
  lanes(): Promise<readonly LaneReport[]>;
  /** How many jobs wait for their time. */
  delayed(): Promise<number>;
  /** How many jobs their repositories' limits hold back. */
  held(): Promise<number>;
  /** What is claimed, the longest idle first. */
  pending(): Promise<readonly PendingEntry[]>;
  /**
   * Takes entries that were idle for at least `minIdleMs` out of their workers' hands and puts them back as new, for
   * anybody. Their workers find their claims lost. Resolves with what was taken.
   */
  steal(minIdleMs: number): Promise<readonly PendingEntry[]>;
  /** The ids of all jobs that have a ledger, each once, in no particular order. */
  jobIds(): AsyncIterable<string>;
  /**
   * Compares what is derived from a job's ledger with `after`, the fold of the whole ledger, and gives the names of what
   * differs; with `mend` it agrees afterwards. Undefined when the ledger has another version by now: then nothing was mended.
   */
  reconcile(jobId: string, after: StoredJob, mend: boolean): Promise<readonly string[] | undefined>;
  /** What belongs to no job; with `mend` it is removed. */
  strays(mend: boolean): AsyncIterable<Stray>;
  /** Of a job whose messages were forgotten; undefined for every other. */
  trimMark(jobId: string): Promise<TrimMark | undefined>;
  /**
   * Forgets what was said in a job that has ended: messages, deltas, messages kept aside. Readers of its feed get a gap
   * and its events, under their ids. False when the job is not at that version, or was trimmed before.
   */
  trim(jobId: string, cut: Cut): Promise<boolean>;
  /** Begins to take in a job that was on another bus. Its events do not join the fleet stream: they are no news. */
  receive(jobId: string): Promise<Arrival>;
}

// The to-do list: one lane of entries, one per admitted job, waiting or running. Entries are put and removed by the
// transitions of the event log; here they are claimed, unless the end of an attempt has claimed the next one. A job that
// its repository's limit holds back has no entry yet.

import type { FirstAttempt } from './first-attempt.js';
import type { StoredJob } from './stored-job.js';

/** What must be extended again and again, or it lapses. */
export interface Lease {
  readonly jobId: string;
  /** Prolongs it by its full length. False when it is no longer ours: stop at once. */
  extend(): Promise<boolean>;
}

/** A worker's hold on one lane entry, kept alive by extending it. */
export interface Claim extends Lease {
  /** What the event log tells this claim from all others by. */
  readonly token: string;
  /** The job as it was when it entered the lane, where the bus has that at hand; it may have changed since. */
  readonly known?: StoredJob | undefined;
  /**
   * The job as its attempt started with this claim; undefined when that is yet to be done. Such an attempt is
   * given back by its end: `release` would let it be lost.
   */
  readonly started?: StoredJob | undefined;
  /** Puts the entry back for somebody else, as new. Does nothing when the claim is no longer ours. */
  release(): Promise<void>;
  /** Drops the entry of a job that has nothing left to do. Does nothing when the claim is no longer ours. */
  ack(): Promise<void>;
}

/** A direct attempt whose lease has lapsed. */
export interface LapsedAttempt {
  readonly jobId: string;
  readonly attempt: number;
}

export interface LaneDepth {
  readonly waiting: number;
  readonly running: number;
}

/** Every method throws BUS_UNREACHABLE when the bus does not answer. */
export interface CommandQueue {
  /**
   * Waits for an entry of the lane and claims it for `worker`; oldest first. Undefined when the signal aborts first,
   * and then no entry has been taken. With `start` the first attempt of its job may start in the same step, as for NextFor;
   * such a claim is the caller's also when the signal aborts.
   */
  claim(lane: string, worker: string, signal: AbortSignal, start?: FirstAttempt): Promise<Claim | undefined>;
  /**
   * Claims up to `limit` entries whose lease has lapsed, at once. After an absence of the bus none for one lease, so
   * that living workers extend theirs first.
   */
  reclaim(lane: string, worker: string, limit: number): Promise<readonly Claim[]>;
  /**
   * The lease of a direct attempt, which began with the append that started it and goes with the one that ends the job.
   * It fences nothing: appends of such an attempt name no claim, their version and attempt number are enough. Extending
   * tells whether the attempt is still the running one.
   */
  holdDirect(jobId: string, attempt: number): Lease;
  /**
   * Up to `limit` direct attempts whose lease has lapsed, the longest first. After an absence of the bus none for one
   * lease. They stay until their jobs are ended. Safe from any process.
   */
  lapsedDirect(limit: number): Promise<readonly LapsedAttempt[]>;
  /** Moves delayed jobs whose time has come into their lanes; returns how many. Safe from any process. */
  promoteDue(limit: number): Promise<number>;
  depth(lane: string): Promise<LaneDepth>;
  /**
   * Takes the names of workers that hold nothing and whose heartbeat has lapsed out of the lane; returns how many.
   * Safe from any process.
   */
  forgetDead(lane: string): Promise<number>;
}

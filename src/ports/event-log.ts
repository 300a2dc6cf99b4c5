// The truth: one ledger of events per job, appended at an expected version, together with everything that must
// change in the same step (indices, feed, fleet stream, lane). All or nothing, durable when it resolves.
import type { LedgerRecord } from '../domain/evidence.js';
import type { Job, JobStatus } from '../domain/job.js';
import type { PlacementChange } from '../domain/placement.js';
import type { Claim } from './command-queue.js';
import type { FirstAttempt } from './first-attempt.js';
import type { StoredJob } from './stored-job.js';

export interface IdempotencyClaim {
  /** Caller scope and key, joined; opaque to the bus. */
  readonly key: string;
  /** Hash of the request body. */
  readonly digest: string;
  readonly ttlMs: number;
}

/** Which job an idempotency key began, and the digest it came with. */
export interface TakenKey {
  readonly jobId: string;
  readonly digest: string;
}

/** Whose slot an end frees. */
export interface NextFor {
  /** The worker to claim the next entry of its lane for, in the same step. */
  readonly worker: string;
  /** Given when the first attempt of what is claimed may start in the same step, too; the bus may leave that to its holder. */
  readonly start?: FirstAttempt | undefined;
}

export interface Transition {
  readonly jobId: string;
  /** 0 for a new job. */
  readonly expectedVersion: number;
  /** The status at `expectedVersion`; undefined for a new job. */
  readonly before: JobStatus | undefined;
  readonly records: readonly LedgerRecord[];
  /** The canonical JSON of each record: the text whose hash the next one names. */
  readonly lines: readonly string[];
  /** The state after `records`, and its head. */
  readonly after: StoredJob;
  readonly placement: PlacementChange;
  /** Whether the job joins or leaves the dead letters. */
  readonly deadLetter: 'none' | 'add' | 'remove';
  /** Whether telling its end is due from now on at another time, or not any more. */
  readonly callback: 'same' | 'settled' | { readonly dueAt: number };
  /** The final answer, kept beside the ledger so that lists never load it. */
  readonly answer?: string | undefined;
  /** JSON of the whole request of a turn that waits, with its first transition; kept beside the ledger until its end. */
  readonly request?: string | undefined;
  readonly idempotency?: IdempotencyClaim | undefined;
  /** Token of the claim that the caller must still hold. */
  readonly claim?: string | undefined;
  /** With what ends an attempt; the same object for all of one worker, which then share a call. */
  readonly nextFor?: NextFor | undefined;
}

export type AppendResult =
  /** `next`: what was claimed for `nextFor`, if anything could be: with a call that was lost and sent again, if it is still held. */
  | { readonly kind: 'appended'; readonly next?: Claim | undefined }
  | { readonly kind: 'conflict' } // the ledger is not at expectedVersion: reload and decide again
  | { readonly kind: 'unclaimed' } // the claim belongs to nobody or somebody else by now
  | ({ readonly kind: 'duplicate' } & TakenKey); // the idempotency key is taken

/** That upkeep must look at a job. */
export interface UpkeepNote {
  readonly jobId: string;
  /** What the bus tells its notes of a job apart by. */
  readonly filed: string;
  /** True when there may be no other note of the job: then one has to be made, unless it is done with. */
  readonly isOnly?: true;
}

export interface JobQuery {
  /** Undefined: of any status. */
  readonly status?: JobStatus;
  readonly limit: number;
  /** `next` of an earlier page. */
  readonly before?: string;
}

export interface JobPage {
  readonly jobs: readonly Job[];
  /** Pass as `before` to get the next, older page; undefined on the last. */
  readonly next: string | undefined;
}

/** Every method throws BUS_UNREACHABLE when the bus does not answer. */
export interface EventLog {
  append(transition: Transition): Promise<AppendResult>;
  /** The job as it stands; undefined when there is no such job. */
  load(jobId: string): Promise<StoredJob | undefined>;
  /** Who has an idempotency key; undefined while it is free. A job that is removed keeps its key taken. */
  taken(key: string): Promise<TakenKey | undefined>;
  /** The whole ledger in order; empty when there is no such job. */
  read(jobId: string): Promise<readonly LedgerRecord[]>;
  /** Text of the final answer, if one was given. */
  answer(jobId: string): Promise<string | undefined>;
  /** JSON of the whole request that came with the job's first transition; gone once the job has ended. */
  request(jobId: string): Promise<string | undefined>;
  /** Newest first. Throws INVALID_REQUEST for a `before` that no page gave. */
  list(query: JobQuery): Promise<JobPage>;
  count(status: JobStatus): Promise<number>;
  /**
   * Up to `limit` notes of jobs that upkeep must look at by `now` (domain/upkeep), the longest overdue first; none is found
   * before its time, and each within a second after it, or a sixtieth of what it had to wait. A note may be older than what
   * its job has become, or the job be gone: then there is another one, or nothing to do.
   */
  upkeepDue(now: number, limit: number): Promise<readonly UpkeepNote[]>;
  /** Forgets notes that have been seen to. */
  dropUpkeep(notes: readonly UpkeepNote[]): Promise<void>;
  /** Notes down to look at a job again at `at`; does nothing when it is gone, or is to be looked at after `now` and before that. */
  putOffUpkeep(jobId: string, now: number, at: number): Promise<void>;
  /** Forgets a job with everything it owns: ledger, answer, request, feed, indices. */
  remove(jobId: string): Promise<void>;
}

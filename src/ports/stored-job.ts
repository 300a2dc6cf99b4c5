// A job as its ledger says: what is read from the bus, and what the next transition builds on.
import type { Job } from '../domain/job.js';

export interface StoredJob {
  readonly job: Job;
  /** Hash of the last record; worked out when asked for, which only who writes the next one does. */
  readonly head: () => string;
  /** How long its repository's limit has kept a waiting job from its lane, up to now. Absent when it did not. */
  readonly heldMs?: number;
}

// What time alone does to a job that nobody touches: its wait expires, what was said in it may be forgotten, and its record.
import { keptForCallback } from './callback.js';
import { isTerminal, type Job } from './job.js';

/**
 * When upkeep must look at the job again, epoch milliseconds; undefined while it runs. `heldMs`: how long its
 * repository's limit has kept it from its lane in its present wait, which does not count as waiting.
 */
export function upkeepAt(job: Job, heldMs = 0): number | undefined {
  if (job.status === 'queued')
    return job.queuedSince + heldMs + job.order.queueTtlS * 1000 - job.waitedMs + 1;
  if (job.endedAt === undefined) return undefined;
  return Math.min(recordKeptUntil(job), feedKeptUntil(job));
}

/** True when the job ended longer ago than its TTL, and nobody is to be told of it: everything it owns may go. */
export const hasOutlived = (job: Job, now: number): boolean =>
  isTerminal(job.status) && recordKeptUntil(job) <= now;

/** True when what was said in the job may go, if not its record. */
export const isFeedOver = (job: Job, now: number): boolean =>
  isTerminal(job.status) && feedKeptUntil(job) <= now;

/** Epoch milliseconds; for ever while it has not ended. */
export const recordKeptUntil = ({ endedAt, order, callback }: Job): number =>
  endedAt === undefined
    ? Number.POSITIVE_INFINITY
    : Math.max(endedAt + order.ttlS * 1000, keptForCallback(callback));

const feedKeptUntil = ({ endedAt, order }: Job): number =>
  endedAt === undefined || order.feedTtlS === undefined
    ? Number.POSITIVE_INFINITY
    : endedAt + order.feedTtlS * 1000;

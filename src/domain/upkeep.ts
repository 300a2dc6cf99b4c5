// What time alone does to a job that nobody touches: its wait expires, its record may be forgotten.
import { keptForCallback } from './callback.js';
import { isTerminal, type Job } from './job.js';

/**
 * When upkeep must look at the job again, epoch milliseconds; undefined while it runs. `heldMs`: how long its
 * repository's limit has kept it from its lane in its present wait, which does not count as waiting.
 */
export function upkeepAt(job: Job, heldMs = 0): number | undefined {
  const { queueTtlS, ttlS } = job.order;
  if (job.status === 'queued') return job.queuedSince + heldMs + queueTtlS * 1000 - job.waitedMs + 1;
  if (job.endedAt === undefined) return undefined;
  return Math.max(job.endedAt + ttlS * 1000, keptForCallback(job.callback));
}

/** True when the job ended longer ago than its TTL, and nobody is to be told of it: everything it owns may go. */
export const hasOutlived = (job: Job, now: number): boolean =>
  isTerminal(job.status) && (upkeepAt(job) ?? Number.POSITIVE_INFINITY) <= now;

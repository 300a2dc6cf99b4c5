// Forgets what was said in jobs that have ended, so that they cost little; what happened in them is kept.
import { AgenticoreError } from '../../domain/errors.js';
import type { Hash } from '../../domain/evidence.js';
import { isTerminal } from '../../domain/job.js';
import type { Bus } from '../../ports/bus.js';
import { lookAtJob } from '../look-at-job.js';
import { trimJob } from '../trim-job.js';

/** Which jobs: one, or all that ended before a moment (epoch milliseconds). */
export type TrimOrder = { readonly jobId: string } | { readonly endedBefore: number };

/** Trims and gives the ids of the jobs that were not trimmed before. Throws JOB_NOT_FOUND, JOB_NOT_ENDED for the one. */
export async function trimJobs(bus: Bus, hash: Hash, order: TrimOrder): Promise<readonly string[]> {
  if ('jobId' in order) {
    const stored = await bus.events.load(order.jobId);
    if (stored === undefined) throw new AgenticoreError('JOB_NOT_FOUND');
    if (!isTerminal(stored.job.status))
      throw new AgenticoreError(
        'JOB_NOT_ENDED',
        'The job has not ended yet; its feed is still being written.',
      );
    return (await trimJob(bus, hash, stored.job)) ? [order.jobId] : [];
  }
  const trimmed: string[] = [];
  for await (const jobId of bus.custody.jobIds()) {
    const found = await lookAtJob(bus.events, jobId);
    // A rebuild tells of a damaged one, and what was said in it is all that is left.
    if (found === undefined || found === 'damaged') continue;
    const { job } = found;
    if (job.endedAt === undefined || job.endedAt >= order.endedBefore) continue;
    if (await trimJob(bus, hash, job)) trimmed.push(jobId);
  }
  return trimmed;
}

// Forgets ended jobs after their TTL: record, feed, and the directory with Claude's session.
import { isTerminal, JOB_STATUSES, type Job } from '../../domain/job.js';
import type { JobDirectories } from '../../ports/job-directories.js';
import type { LedgerDeps } from '../handle-command.js';
import { every, type LoopDeps } from './every.js';

const BATCH = 200;
const INTERVAL_MS = 30_000;

export interface TrimDeps extends LedgerDeps {
  readonly directories: JobDirectories;
}

/** Looks every half minute until the signal aborts. */
export function trimLoop(deps: LoopDeps & TrimDeps, signal: AbortSignal): Promise<void> {
  return every(deps, 'trim', INTERVAL_MS, () => trimOnce(deps), signal);
}

/** One pass over the oldest ended jobs of each status; true when something was removed and there may be more. */
async function trimOnce(deps: TrimDeps): Promise<boolean> {
  let removed = 0;
  for (const status of JOB_STATUSES.filter(isTerminal)) {
    for (const jobId of await deps.events.oldest(status, BATCH)) {
      const stored = await deps.events.load(jobId);
      if (stored !== undefined && !hasOutlived(stored.job, deps.clock.now())) continue;
      await deps.directories.remove(jobId);
      await deps.events.remove(jobId);
      removed += 1;
    }
  }
  return removed > 0;
}

const hasOutlived = (job: Job, now: number): boolean =>
  job.endedAt !== undefined && job.endedAt + job.order.ttlS * 1000 <= now;

// What the predecessors of this worker spooled on its host goes to the bus as soon as that answers, so that a job which
// somebody else takes over next has its whole story first.
import { isCode, messageOf } from '../../domain/errors.js';
import type { SpoolName } from '../../ports/spool.js';
import { type SettleDeps, settleSpools } from '../attempt/settle-spools.js';
import { every, type LoopDeps } from './every.js';

const INTERVAL_MS = 5000;

/**
 * Settles the spools that were `left` when this worker started, until each is settled or the signal aborts. Those of
 * a job that `runsElsewhere` wait: their process may live, or its heartbeat may not have lapsed yet.
 */
export function settleLoop(
  deps: SettleDeps & LoopDeps,
  left: readonly SpoolName[],
  runsElsewhere: (jobId: string) => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  const open = new Set(left.map(({ jobId }) => jobId));
  const done = new AbortController();
  const step = async (): Promise<boolean> => {
    for (const jobId of open) {
      try {
        if (await runsElsewhere(jobId)) continue;
        await settleSpools(deps, jobId);
      } catch (error) {
        if (isCode(error, 'BUS_UNREACHABLE')) throw error;
        // A job that cannot be read keeps its spool; it is no reason for the worker to stop.
        deps.log('transcript.spool_left', { job_id: jobId, error: messageOf(error) }, 'error');
      }
      open.delete(jobId);
    }
    if (open.size === 0) done.abort();
    return false;
  };
  return every(deps, 'settle', INTERVAL_MS, step, AbortSignal.any([signal, done.signal]));
}

// Ends jobs that waited longer than their queue TTL, so that nobody waits for what will never be wanted again.
import { hasExpired } from '../../domain/decide.js';
import { isCode } from '../../domain/errors.js';
import { handleCommand, type LedgerDeps } from '../handle-command.js';
import { every, type LoopDeps } from './every.js';

const BATCH = 200;
const INTERVAL_MS = 5000;

/** Looks every five seconds until the signal aborts. */
export function expireLoop(deps: LoopDeps & LedgerDeps, signal: AbortSignal): Promise<void> {
  return every(deps, 'expire', INTERVAL_MS, () => expireOnce(deps), signal);
}

/** One pass over the jobs that wait longest. Always false: there is no more until time has passed. */
async function expireOnce(deps: LedgerDeps): Promise<boolean> {
  for (const jobId of await deps.events.oldest('queued', BATCH)) {
    const stored = await deps.events.load(jobId);
    if (stored === undefined || !hasExpired(stored.job, deps.clock.now())) continue;
    try {
      await handleCommand(deps, jobId, { type: 'ExpireJob' });
    } catch (error) {
      if (!isCode(error, 'JOB_NOT_FOUND')) throw error;
    }
  }
  return false;
}

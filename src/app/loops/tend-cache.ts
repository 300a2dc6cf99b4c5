// Looks after the cached repositories now and then: what jobs that nobody knows any more have left in them, and how much
// they weigh.
import { messageOf } from '../../domain/errors.js';
import type { EventLog } from '../../ports/event-log.js';
import type { Workspaces } from '../../ports/workspace.js';
import { lookAtJob } from '../look-at-job.js';
import { every, type LoopDeps } from './every.js';

const INTERVAL_MS = 10 * 60_000;

export interface TendCacheDeps extends LoopDeps {
  readonly events: EventLog;
  readonly workspaces: Workspaces;
}

/** Looks every ten minutes until the signal aborts; not at the start, when jobs wait. */
export async function tendCacheLoop(deps: TendCacheDeps, signal: AbortSignal): Promise<void> {
  await deps.clock.sleep(INTERVAL_MS, signal);
  const isKnown = async (jobId: string): Promise<boolean> =>
    (await lookAtJob(deps.events, jobId)) !== undefined;
  const tend = async (): Promise<boolean> => {
    // What fails now is tried again; it is no reason for the server to stop.
    await deps.workspaces.tend(isKnown, signal).catch((error) => {
      if (!signal.aborted) deps.log('cache.tending_failed', { error: messageOf(error) }, 'warn');
    });
    return false;
  };
  await every(deps, 'tend-cache', INTERVAL_MS, tend, signal);
}

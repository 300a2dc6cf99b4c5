// Takes away the worktrees that were kept for another attempt and are wanted no more: the job has ended meanwhile, by a
// cancel or on another host.
import type { Workspaces } from '../../ports/workspace.js';
import { every, type LoopDeps } from './every.js';

const INTERVAL_MS = 10_000;

export interface SweepDeps extends LoopDeps {
  readonly workspaces: Workspaces;
  /** Whether an attempt of the job runs elsewhere, or may go on in what it left here. */
  readonly isWanted: (jobId: string) => Promise<boolean>;
}

/** Looks every ten seconds until the signal aborts; the first time was at the start of the worker. */
export async function sweepLoop(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  await deps.clock.sleep(INTERVAL_MS, signal);
  const sweep = async (): Promise<boolean> => {
    // What fails now is tried again; it is no reason for the server to stop.
    await deps.workspaces.sweep(deps.isWanted).catch((error) => {
      deps.log('sweep.failed', { error: String(error) }, 'warn');
    });
    return false;
  };
  await every(deps, 'sweep', INTERVAL_MS, sweep, signal);
}

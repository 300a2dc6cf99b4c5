// Takes the names of dead workers out of the lane: each process has one of its own, and they would pile up for ever.
import type { CommandQueue } from '../../ports/command-queue.js';
import { every, type LoopDeps } from './every.js';

const INTERVAL_MS = 60_000;

/** Looks every minute until the signal aborts. */
export function forgetDeadLoop(
  deps: LoopDeps & { readonly queue: CommandQueue; readonly lane: string },
  signal: AbortSignal,
): Promise<void> {
  const { queue, lane, log } = deps;
  const forget = async (): Promise<boolean> => {
    const forgotten = await queue.forgetDead(lane);
    if (forgotten > 0) log('lane.dead_forgotten', { lane, workers: forgotten });
    return false;
  };
  return every(deps, 'forget-dead', INTERVAL_MS, forget, signal);
}

// Puts delayed jobs back into their lanes when their time has come.
import type { CommandQueue } from '../../ports/command-queue.js';
import { every, type LoopDeps } from './every.js';

const BATCH = 100;

/** Looks every second until the signal aborts. */
export function delayLoop(
  deps: LoopDeps & { readonly queue: CommandQueue },
  signal: AbortSignal,
): Promise<void> {
  return every(deps, 'delay', 1000, async () => (await deps.queue.promoteDue(BATCH)) === BATCH, signal);
}

// Listening for a doorbell as soon, and as long, as the bus lets us; who listens goes on with other things meanwhile.
import { isCode } from '../domain/errors.js';
import type { Clock } from '../ports/clock.js';

const BUS_RETRY_MS = 1000;

/**
 * Watches until `over` aborts, and resolves then. Rings once when the watch has begun, for what came before it; while
 * the bus cannot be watched it does not ring at all.
 */
export async function keepWatch(
  clock: Clock,
  watch: (ring: () => void) => Promise<() => void>,
  ring: () => void,
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    try {
      const unwatch = await watch(ring);
      ring();
      await aborted(over);
      unwatch();
    } catch (error) {
      if (!isCode(error, 'BUS_UNREACHABLE')) throw error;
      await clock.sleep(BUS_RETRY_MS, over);
    }
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

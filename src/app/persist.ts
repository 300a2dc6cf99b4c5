// What must not be lost to an outage of the bus.
import { isCode } from '../domain/errors.js';
import type { Clock } from '../ports/clock.js';

const BUS_RETRY_MS = 1000;

/** Repeats a bus operation until the bus answers: what an attempt has to say must not be lost to an outage. */
export async function persist<T>(clock: Clock, signal: AbortSignal, operation: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await operation();
    } catch (error) {
      if (!isCode(error, 'BUS_UNREACHABLE') || signal.aborted) throw error;
      await clock.sleep(BUS_RETRY_MS, signal);
    }
  }
}

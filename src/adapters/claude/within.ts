// Waiting with a limit: claude is given time for everything, and for ever for nothing.
import { setTimeout as sleep } from 'node:timers/promises';

/** True when the promise settled within that time. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => false);
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    timer.abort();
  }
}

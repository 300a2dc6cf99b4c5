// Runs the services of a process together: the first to end stops all the others.
import { setMaxListeners } from 'node:events';
import type { Log } from '../ports/log.js';

export interface Service {
  readonly name: string;
  /** Works until the signal aborts, then cleans up and resolves. */
  run(signal: AbortSignal): Promise<void>;
}

/** Resolves when the signal aborts, at once when it has: all that a service does which only waits for its end. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** A service sleeps, listens to the bus and hands the signal on; one that piles up listeners shall still be warned of. */
const LISTENERS_EACH = 4;

/**
 * Starts every service and waits until all have ended. When the signal aborts, or one service ends or fails, the
 * others are told to stop. Rejects with the first failure; a service that fails after that is only logged.
 */
export async function supervise(services: readonly Service[], signal: AbortSignal, log: Log): Promise<void> {
  const stop = new AbortController();
  const everyone = AbortSignal.any([signal, stop.signal]);
  setMaxListeners(LISTENERS_EACH * services.length, everyone);
  const failures: unknown[] = [];
  const watch = async ({ name, run }: Service): Promise<void> => {
    try {
      await run(everyone);
      if (!everyone.aborted) log('service.ended', { service: name }, 'warn');
    } catch (error) {
      failures.push(error);
      log('service.failed', { service: name, error }, 'error');
    } finally {
      stop.abort();
    }
  };
  await Promise.all(services.map(watch));
  if (failures.length > 0) throw failures[0];
}

// The shape of a background loop: do it, wait, again; an unreachable bus is waited out, a bug ends the loop.
import { isCode } from '../../domain/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import type { Bell } from '../bell.js';

export interface LoopDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Runs `step` every `intervalMs`, and when `bell` rings, until the signal aborts. A step that returns true is repeated
 * at once.
 */
export async function every(
  deps: LoopDeps,
  name: string,
  intervalMs: number,
  step: () => Promise<boolean>,
  signal: AbortSignal,
  bell?: Bell,
): Promise<void> {
  const pause = createPause(deps.clock, bell);
  let away = false;
  while (!signal.aborted) {
    let more = false;
    try {
      more = await step();
      if (away) deps.log('loop.bus_back', { loop: name });
      away = false;
    } catch (error) {
      if (!isCode(error, 'BUS_UNREACHABLE')) throw error;
      if (!away) deps.log('loop.bus_away', { loop: name, error: String(error) }, 'warn');
      away = true;
    }
    if (!more) await pause(intervalMs, signal);
  }
}

/** Waits for the time, the signal or the bell; a ring that comes while nobody waits counts for the next wait. */
function createPause(
  clock: Clock,
  bell: Bell | undefined,
): (ms: number, signal: AbortSignal) => Promise<void> {
  if (bell === undefined) return (ms, signal) => clock.sleep(ms, signal);
  let ring: Promise<void> | undefined;
  return async (ms, signal) => {
    if (signal.aborted) return;
    const over = new AbortController();
    const end = (): void => over.abort();
    signal.addEventListener('abort', end, { once: true });
    ring ??= bell.rung();
    const slept = clock.sleep(ms, over.signal).then(() => false);
    if (await Promise.race([ring.then(() => true), slept])) ring = undefined;
    signal.removeEventListener('abort', end);
    end();
  };
}

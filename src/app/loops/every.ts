// The shape of a background loop: do it, wait, again; an unreachable bus is waited out, a bug ends the loop.
import { isCode } from '../../domain/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';

export interface LoopDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/** Runs `step` every `intervalMs` until the signal aborts. A step that returns true is repeated at once. */
export async function every(
  deps: LoopDeps,
  name: string,
  intervalMs: number,
  step: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
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
    if (!more) await deps.clock.sleep(intervalMs, signal);
  }
}

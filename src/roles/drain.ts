// How a process stops taking work and goes on with everything else: asked over HTTP, through the bus, or by SIGTERM.
import type { Log } from '../ports/log.js';

export interface Drain {
  /** Aborted once the process takes no new work. There is no way back but a restart. */
  readonly signal: AbortSignal;
  /** Begins; does nothing when it has begun. `by`: who asked, for the log. */
  begin(by: string): void;
}

/** A process that takes work. */
export function createDrain(log: Log): Drain {
  const leave = new AbortController();
  return {
    signal: leave.signal,
    begin(by) {
      if (leave.signal.aborted) return;
      log('server.draining', { by });
      leave.abort();
    },
  };
}

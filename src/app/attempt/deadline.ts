// The one deadline of an attempt: setup, Claude and verification share it.
import type { Clock } from '../../ports/clock.js';

export interface Deadline {
  /** What is left of it, at least one millisecond. */
  leftMs(): number;
  /** Carries out `work`, whose time does not count. */
  without<T>(work: () => Promise<T>): Promise<T>;
}

/** Begins now. */
export function startDeadline(clock: Clock, timeoutMs: number): Deadline {
  let end = clock.now() + timeoutMs;
  return {
    leftMs: () => Math.max(1, end - clock.now()),
    async without(work) {
      const began = clock.now();
      try {
        return await work();
      } finally {
        end += clock.now() - began;
      }
    },
  };
}

// The one deadline of an attempt: setup, Claude and verification share it.
import type { Clock } from '../../ports/clock.js';

export interface Deadline {
  /** What is left of it, at least one millisecond. */
  leftMs(): number;
}

/** Begins now. */
export function startDeadline(clock: Clock, timeoutMs: number): Deadline {
  const began = clock.now();
  return { leftMs: () => Math.max(1, timeoutMs - (clock.now() - began)) };
}

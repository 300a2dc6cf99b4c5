// Whether one more job may wait. The number of waiting jobs bounds the queue and need not be exact, so a process that
// takes many in does not ask the bus for it before each of them: that would double what a submission takes.
import type { Clock } from '../ports/clock.js';
import type { EventLog } from '../ports/event-log.js';

interface Count {
  readonly asOf: number; // epoch milliseconds
  /** At most so many wait, but for what other processes have taken in since. */
  waiting: number;
}

/** How old a count may be: so long other processes may overshoot the bound. */
const FRESH_MS = 500;

const counts = new WeakMap<EventLog, Count>();

/**
 * True when fewer than `max` jobs wait; the one that is now let in counts from here on. Nobody is turned away without
 * a fresh count. Throws BUS_UNREACHABLE.
 */
export async function hasRoom(events: EventLog, clock: Clock, max: number): Promise<boolean> {
  const last = counts.get(events);
  const age = last === undefined ? Number.POSITIVE_INFINITY : clock.now() - last.asOf;
  if (last !== undefined && age >= 0 && age < FRESH_MS && last.waiting < max) {
    last.waiting += 1;
    return true;
  }
  const asOf = clock.now();
  const waiting = await events.count('queued');
  counts.set(events, { asOf, waiting: waiting + 1 });
  return waiting < max;
}

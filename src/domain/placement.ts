// Where a job waits: the lane holds what a worker may claim or runs now, `delayed` what waits for its time.
// Derived from the state alone, so that every bus keeps the same queue for the same ledger.
import { isTerminal, type Job } from './job.js';

/** What a transition does to the queue; carried out in the same step as the append. */
export type PlacementChange =
  | { readonly kind: 'none' }
  | { readonly kind: 'enqueue'; readonly lane: string }
  | { readonly kind: 'requeue'; readonly lane: string } // a fresh entry instead of the claimed one
  | { readonly kind: 'delay'; readonly lane: string; readonly until: number }
  | { readonly kind: 'remove'; readonly lane: string };

/** The queue change between two states of a job (`before` undefined: the job is new). */
export function placementChange(before: Job | undefined, after: Job): PlacementChange {
  const lane = after.order.lane;
  if (isTerminal(after.status)) return { kind: 'remove', lane };
  if (after.status === 'running') return { kind: 'none' };
  if (after.nextAttemptAt !== undefined) return { kind: 'delay', lane, until: after.nextAttemptAt };
  if (before === undefined) return { kind: 'enqueue', lane };
  return before.status === 'running' ? { kind: 'requeue', lane } : { kind: 'none' };
}

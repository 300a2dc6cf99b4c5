// Where a job waits: the lane holds what a worker may claim or runs now, `delayed` what waits for its time; a turn that
// runs where it came in has a lease instead.
// Derived from the state alone, so that every bus keeps the same queue for the same ledger. Whether a job that may
// enter its lane is admitted at once or held by its repository's limit is decided by the bus, in the same step.
import { isTerminal, type Job } from './job.js';
import { normaliseRepoUrl } from './repo-url.js';

/** What a transition does to the queue; carried out in the same step as the append. */
export type PlacementChange =
  | { readonly kind: 'none' }
  | { readonly kind: 'enqueue'; readonly lane: string }
  | { readonly kind: 'requeue'; readonly lane: string } // a fresh entry instead of the claimed one
  | { readonly kind: 'delay'; readonly lane: string; readonly until: number }
  /** A direct attempt: into no lane; a lease of its own begins, which goes with `remove`. */
  | { readonly kind: 'lease'; readonly lane: string }
  | { readonly kind: 'remove'; readonly lane: string };

/** The queue change between two states of a job (`before` undefined: the job is new). */
export function placementChange(before: Job | undefined, after: Job): PlacementChange {
  const lane = after.order.lane;
  if (isTerminal(after.status))
    return before && isTerminal(before.status) ? { kind: 'none' } : { kind: 'remove', lane };
  if (after.status === 'running') return before === undefined ? { kind: 'lease', lane } : { kind: 'none' };
  if (after.nextAttemptAt !== undefined) return { kind: 'delay', lane, until: after.nextAttemptAt };
  if (before === undefined) return { kind: 'enqueue', lane };
  return before.status === 'running' ? { kind: 'requeue', lane } : { kind: 'none' };
}

/** What a limit per repository counts by: one name for all spellings of an address. Undefined without one. */
export function repoOf({ order: { repoUrl } }: Job): string | undefined {
  if (repoUrl === undefined) return undefined;
  try {
    return normaliseRepoUrl(repoUrl);
  } catch {
    return undefined; // it came with a job from elsewhere, and never reaches git
  }
}

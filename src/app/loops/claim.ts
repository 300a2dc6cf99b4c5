// Takes work while a slot is free; a busy worker claims nothing, so idle ones get it. Twice per lease it also looks
// for what dead workers left, so that a lost job is taken up within two leases.
import { isCode } from '../../domain/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Claim, CommandQueue } from '../../ports/command-queue.js';
import type { Log } from '../../ports/log.js';
import type { Slots } from '../slots.js';

export interface ClaimDeps {
  readonly queue: CommandQueue;
  readonly lane: string;
  readonly worker: string;
  readonly leaseMs: number;
  readonly slots: Slots;
  /** Runs a claimed job to its end. */
  readonly run: (claim: Claim) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

const BUS_RETRY_MS = 1000;

/** Claims until the signal aborts; running jobs go on without it. */
export async function claimLoop(deps: ClaimDeps, signal: AbortSignal): Promise<void> {
  const next = createClaimer(deps, signal);
  while (!signal.aborted) {
    const free = await deps.slots.acquire(signal);
    if (free === undefined) return;
    try {
      const claim = await next();
      if (claim === undefined) free();
      else runInSlot(deps, claim, free);
    } catch (error) {
      free();
      if (!isCode(error, 'BUS_UNREACHABLE')) throw error;
      await deps.clock.sleep(BUS_RETRY_MS, signal);
    }
  }
}

/** The next claim, taken over or new; undefined when none came within half a lease. */
function createClaimer(deps: ClaimDeps, signal: AbortSignal): () => Promise<Claim | undefined> {
  const patienceMs = deps.leaseMs / 2;
  let reclaimAt = 0;
  return async () => {
    if (deps.clock.now() >= reclaimAt) {
      const [claim] = await deps.queue.reclaim(deps.lane, deps.worker, 1);
      if (claim !== undefined) {
        deps.log('claim.taken_over', { job_id: claim.jobId }, 'warn');
        return claim;
      }
      reclaimAt = deps.clock.now() + patienceMs;
    }
    const waited = new AbortController();
    const taken = new AbortController();
    void deps.clock.sleep(patienceMs, taken.signal).then(() => waited.abort());
    try {
      return await deps.queue.claim(deps.lane, deps.worker, AbortSignal.any([signal, waited.signal]));
    } finally {
      taken.abort();
    }
  };
}

/** Runs a claimed job in a slot it gives back afterwards. What goes wrong ends the attempt, not the worker. */
function runInSlot(deps: ClaimDeps, claim: Claim, free: () => void): void {
  deps
    .run(claim)
    .catch((error) => deps.log('attempt.abandoned', { job_id: claim.jobId, error: String(error) }, 'error'))
    .finally(free);
}

// Keeps the claims of a worker alive while their jobs run, and says so when one is lost. One timer for all of them.
import { isCode, messageOf } from '../../domain/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Claim } from '../../ports/command-queue.js';
import type { Log } from '../../ports/log.js';

export interface LeaseDeps {
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly log: Log;
}

export interface Leases {
  /**
   * Extends the claim every third of the lease until the function it gives is called. `onLost` is called once when the
   * claim belongs to somebody else. While the bus is away nobody can know, so the work goes on: what counts outside
   * is confirmed before each effect.
   */
  keep(claim: Claim, onLost: () => void): () => void;
}

interface Kept {
  readonly claim: Claim;
  readonly onLost: () => void;
  /** Epoch milliseconds; infinite while an extension is under way. */
  dueAt: number;
}

/** How soon a failed extension is tried again: once the bus is back, the lease must be extended before it lapses. */
const BUS_RETRY_MS = 500;

/** Nothing kept yet. */
export function createLeases({ clock, leaseMs, log }: LeaseDeps): Leases {
  const restMs = leaseMs / 3;
  const lookMs = Math.min(restMs / 2, BUS_RETRY_MS);
  const all = new Set<Kept>();
  const never = new AbortController().signal;
  let looking = false;

  async function look(): Promise<void> {
    looking = true;
    while (all.size > 0) {
      await clock.sleep(lookMs, never);
      const now = clock.now();
      for (const kept of all) if (kept.dueAt <= now) void extend(kept);
    }
    looking = false;
  }

  async function extend(kept: Kept): Promise<void> {
    kept.dueAt = Number.POSITIVE_INFINITY;
    try {
      if (!(await kept.claim.extend())) lose(kept);
      kept.dueAt = clock.now() + restMs - lookMs;
    } catch (error) {
      if (isCode(error, 'BUS_UNREACHABLE')) {
        kept.dueAt = 0;
        return;
      }
      log('lease.failed', { job_id: kept.claim.jobId, error: messageOf(error) }, 'error');
      lose(kept);
    }
  }

  function lose(kept: Kept): void {
    if (all.delete(kept)) kept.onLost();
  }

  return {
    keep(claim, onLost) {
      const kept: Kept = { claim, onLost, dueAt: clock.now() + restMs - lookMs };
      all.add(kept);
      if (!looking) void look();
      return () => void all.delete(kept);
    },
  };
}

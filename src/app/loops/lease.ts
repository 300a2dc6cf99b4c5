// Keeps the claims of a worker, and the leases of its direct turns, alive while their jobs run, and says so when one is
// lost. One timer for all of them.
import { isCode, messageOf } from '../../domain/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Lease } from '../../ports/command-queue.js';
import type { Log } from '../../ports/log.js';

export interface LeaseDeps {
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly log: Log;
}

export interface Leases {
  /**
   * Extends the claim every third of the lease until the function it gives is called. `onLost` is called once when the
   * claim belongs to somebody else, or its job has ended. While the bus is away nobody can know, so the work goes on:
   * what counts outside is confirmed before each effect.
   */
  keep(claim: Lease, onLost: () => void): () => void;
}

interface Kept {
  readonly claim: Lease;
  readonly onLost: () => void;
}

/** How soon a failed extension is tried again: once the bus is back, the lease must be extended before it lapses. */
const BUS_RETRY_MS = 500;
const LINGER_MS = 50;
const NEVER = new AbortController().signal;

/** Nothing kept yet. */
export function createLeases({ clock, leaseMs, log }: LeaseDeps): Leases {
  const restMs = leaseMs / 3;
  /** No Set: one that changes as often as jobs come and go hands what was in it down to the old generation of the heap. */
  const all: Kept[] = [];
  let idle = new AbortController();
  let looking = false;
  let lingering = false;

  /** Sleeps rather than compares times: a clock that is set back must not cost a lease. */
  async function look(): Promise<void> {
    looking = true;
    let pauseMs = restMs;
    while (all.length > 0) {
      idle = new AbortController();
      await clock.sleep(pauseMs, idle.signal);
      const answered = await Promise.all(all.map(extend));
      pauseMs = answered.every(Boolean) ? restMs : Math.min(restMs, BUS_RETRY_MS);
    }
    looking = false;
  }

  /** Between two claims there may be nothing to keep; only after a while without any the timer is given up. */
  async function linger(): Promise<void> {
    if (lingering) return;
    lingering = true;
    await clock.sleep(LINGER_MS, NEVER);
    lingering = false;
    if (all.length === 0) idle.abort('nothing is kept');
  }

  /** False when the bus does not answer. */
  async function extend(kept: Kept): Promise<boolean> {
    try {
      if (!(await kept.claim.extend())) lose(kept);
    } catch (error) {
      if (isCode(error, 'BUS_UNREACHABLE')) return false;
      log('lease.failed', { job_id: kept.claim.jobId, error: messageOf(error) }, 'error');
      lose(kept);
    }
    return true;
  }

  function lose(kept: Kept): void {
    if (forget(kept)) kept.onLost();
  }

  /** False when it was not kept any more. */
  function forget(kept: Kept): boolean {
    const at = all.indexOf(kept);
    if (at >= 0) all.splice(at, 1);
    return at >= 0;
  }

  return {
    keep(claim, onLost) {
      const kept = { claim, onLost };
      all.push(kept);
      if (!looking) void look();
      return () => {
        forget(kept);
        if (all.length === 0) void linger();
      };
    },
  };
}

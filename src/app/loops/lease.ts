// Keeps a claim alive while its job runs; says so when it is lost.
import { isCode } from '../../domain/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Claim } from '../../ports/command-queue.js';

interface LeaseDeps {
  readonly clock: Clock;
  readonly leaseMs: number;
}

/** How soon a failed extension is tried again: once the bus is back, the lease must be extended before it lapses. */
const BUS_RETRY_MS = 500;

/**
 * Extends the claim every third of the lease until `over` aborts, and then resolves. `onLost` is called once when
 * the claim belongs to somebody else. While the bus is away nobody can know, so the work goes on: what counts
 * outside is confirmed before each effect.
 */
export async function keepLease(
  deps: LeaseDeps,
  claim: Claim,
  onLost: () => void,
  over: AbortSignal,
): Promise<void> {
  const restMs = deps.leaseMs / 3;
  let pauseMs = restMs;
  for (;;) {
    await deps.clock.sleep(pauseMs, over);
    if (over.aborted) return;
    try {
      if (!(await claim.extend())) return onLost();
      pauseMs = restMs;
    } catch (error) {
      if (!isCode(error, 'BUS_UNREACHABLE')) throw error;
      pauseMs = Math.min(restMs, BUS_RETRY_MS);
    }
  }
}

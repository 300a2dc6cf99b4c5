// Keeps a claim alive while its job runs; says so when it is lost.
import { isCode } from '../../domain/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Claim } from '../../ports/command-queue.js';

interface LeaseDeps {
  readonly clock: Clock;
  readonly leaseMs: number;
}

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
  for (;;) {
    await deps.clock.sleep(deps.leaseMs / 3, over);
    if (over.aborted) return;
    try {
      if (!(await claim.extend())) return onLost();
    } catch (error) {
      if (!isCode(error, 'BUS_UNREACHABLE')) throw error;
    }
  }
}

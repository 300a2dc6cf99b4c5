// Takes turns out of the agent's lane while this process has a place for one more. It holds no place while it waits, so
// that turns which come in here find it.
import { isCode } from '../../domain/errors.js';
import type { Claim } from '../../ports/command-queue.js';
import { type ClaimDeps, createClaimer } from './claim.js';
import { type ClaimRoomDeps, createClaimRoom } from './claim-room.js';

const BUS_RETRY_MS = 1000;

/** Claims until the signal aborts, and only while the disk has room; what runs goes on without it. */
export async function claimTurnsLoop(deps: ClaimDeps & ClaimRoomDeps, signal: AbortSignal): Promise<void> {
  const claimer = createClaimer(deps, signal);
  const room = createClaimRoom(deps, signal);
  while (!signal.aborted) {
    await deps.slots.free(signal);
    if (signal.aborted) return;
    if (!(await room.mayClaim())) continue;
    try {
      const next = claimer.mayBeLost() ? claimer.takeOver() : claimer.next();
      const claim = await next.then(room.unlessCramped);
      if (claim !== undefined) await begin(deps, claim);
    } catch (error) {
      if (!isCode(error, 'BUS_UNREACHABLE')) throw error;
      await deps.clock.sleep(BUS_RETRY_MS, signal);
    }
  }
}

/** Whoever came in here meanwhile was faster: the turn is for somebody else. */
async function begin({ slots, run, log }: ClaimDeps, claim: Claim): Promise<void> {
  const free = slots.take();
  if (free === undefined) return claim.release();
  run(claim)
    .catch((error: unknown) => log('turn.abandoned', { job_id: claim.jobId, error: String(error) }, 'error'))
    .finally(free);
}

// Takes turns out of the agent's lane while this process has a place for one more. It holds no place while it waits, so
// that turns which come in here find it.
import { isCode } from '../../domain/errors.js';
import type { Claim } from '../../ports/command-queue.js';
import { type ClaimDeps, type ClaimLoopDeps, createClaimer, ROOM_RETRY_MS, watchRoom } from './claim.js';

const BUS_RETRY_MS = 1000;

/** Claims until the signal aborts, and only while the disk has room; what runs goes on without it. */
export async function claimTurnsLoop(deps: ClaimLoopDeps, signal: AbortSignal): Promise<void> {
  const claimer = createClaimer(deps, signal);
  const isFull = watchRoom(deps);
  while (!signal.aborted) {
    await deps.slots.free(signal);
    if (signal.aborted) return;
    if (await isFull()) {
      await deps.clock.sleep(ROOM_RETRY_MS, signal);
      continue;
    }
    try {
      const claim = claimer.mayBeLost() ? await claimer.takeOver() : await claimer.next();
      // It may have been waited for long: the disk has filled up meanwhile.
      if (claim !== undefined) await ((await isFull()) ? claim.release() : begin(deps, claim));
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

// What a worker with a full disk, or one that is too small for a job, leaves to others.
import type { Clock } from '../../ports/clock.js';
import type { Claim } from '../../ports/command-queue.js';
import type { DiskRoom } from '../../ports/disk-room.js';
import type { Log } from '../../ports/log.js';

export interface ClaimRoomDeps {
  /** A worker whose disk is full would only fail what others could do. */
  readonly room: DiskRoom;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ClaimRoom {
  /** Waits a while and gives false when the disk is full. One that had room when it was last asked is not asked again. */
  mayClaim(): Promise<boolean>;
  /** True when there was room when it was last asked. */
  hadRoom(): boolean;
  /** The claim if it may be run here, else given back and undefined. */
  unlessCramped(claim: Claim | undefined): Promise<Claim | undefined>;
  /** The job found no room here: when it comes again, it is left to others first. */
  lackedFor(jobId: string): void;
}

const RETRY_MS = 2000;
/** Most of them are done elsewhere, and come here no more. */
const MOST_CRAMPED = 1000;

/** Nothing is waited for once the signal aborts. */
export function createClaimRoom({ room, clock, log }: ClaimRoomDeps, over: AbortSignal): ClaimRoom {
  const cramped = new Set<string>();
  /** When the disk was last asked; nobody knows before the first time. */
  let wasFull: boolean | undefined;

  async function isFull(): Promise<boolean> {
    const lack = await room.lack();
    if (lack !== undefined && wasFull !== true) log('worker.disk_full', { error: lack }, 'error');
    if (lack === undefined && wasFull === true) log('worker.disk_has_room');
    wasFull = lack !== undefined;
    return wasFull;
  }

  return {
    async mayClaim() {
      if (wasFull === false || !(await isFull())) return true;
      await clock.sleep(RETRY_MS, over);
      return false;
    },
    hadRoom: () => wasFull === false,
    async unlessCramped(claim) {
      if (claim === undefined) return undefined;
      const { jobId } = claim;
      const isLeft = cramped.has(jobId);
      // Only now: it may have been waited for long.
      if (!isLeft && !(await isFull())) return claim;
      await claim.release();
      if (!isLeft) return undefined;
      // Whoever is idle takes it meanwhile.
      log('claim.left_to_others', { job_id: jobId });
      await clock.sleep(RETRY_MS, over);
      cramped.delete(jobId);
      return undefined;
    },
    lackedFor(jobId) {
      if (cramped.size >= MOST_CRAMPED) cramped.clear();
      cramped.add(jobId);
    },
  };
}

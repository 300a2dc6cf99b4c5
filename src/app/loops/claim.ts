// Takes work while a slot is free; a busy worker claims nothing, so idle ones get it. Twice per lease it also looks
// for what dead workers left, so that a lost job is taken up within two leases.
import { isCode } from '../../domain/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Claim, CommandQueue } from '../../ports/command-queue.js';
import type { DiskRoom } from '../../ports/disk-room.js';
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

export interface ClaimLoopDeps extends ClaimDeps {
  /** A worker whose disk is full would only fail what others could do. */
  readonly room: DiskRoom;
}

const BUS_RETRY_MS = 1000;
const ROOM_RETRY_MS = 2000;

/**
 * Claims until the signal aborts, in every free slot at once; running jobs go on without it. What is claimed is run only
 * if the disk has room then, else given back; from then on nothing is claimed until there is room again.
 */
export async function claimLoop(deps: ClaimLoopDeps, signal: AbortSignal): Promise<void> {
  const failing = new AbortController();
  const over = AbortSignal.any([signal, failing.signal]);
  const claimer = createClaimer(deps, over);
  let claiming = 0;
  let settled = (): void => {};

  async function fill(free: () => void, next: Promise<Claim | undefined>): Promise<void> {
    claiming += 1;
    let claim: Claim | undefined;
    try {
      claim = await next;
      // Only now: it may have been waited for long.
      if (claim !== undefined && (await isFull())) {
        const refused = claim;
        claim = undefined;
        await refused.release();
      }
    } catch (error) {
      await failed(error);
    }
    claiming -= 1;
    if (claim !== undefined) runInSlot(deps, claim, free);
    else free();
    if (claiming === 0) settled();
  }

  /** When the disk was last asked; nobody knows before the first time. */
  let wasFull: boolean | undefined;
  async function isFull(): Promise<boolean> {
    const lack = await deps.room.lack();
    if (lack !== undefined && wasFull !== true) deps.log('worker.disk_full', { error: lack }, 'error');
    if (lack === undefined && wasFull === true) deps.log('worker.disk_has_room');
    wasFull = lack !== undefined;
    return wasFull;
  }

  async function failed(error: unknown): Promise<void> {
    if (isCode(error, 'BUS_UNREACHABLE')) await deps.clock.sleep(BUS_RETRY_MS, over);
    else failing.abort(error);
  }

  while (!over.aborted) {
    const free = await deps.slots.acquire(over);
    if (free === undefined) break;
    if (wasFull !== false && (await isFull())) {
      free();
      await deps.clock.sleep(ROOM_RETRY_MS, over);
      continue;
    }
    if (claimer.mayBeLost()) await fill(free, claimer.takeOver());
    else void fill(free, claimer.next());
  }
  if (claiming > 0)
    await new Promise<void>((resolve) => {
      settled = resolve;
    });
  if (failing.signal.aborted) throw failing.signal.reason;
}

export interface Claimer {
  /** True when it is time to look for what dead workers left. */
  mayBeLost(): boolean;
  takeOver(): Promise<Claim | undefined>;
  /** The next new entry; undefined when none came before it is time to look for lost ones. */
  next(): Promise<Claim | undefined>;
}

/** What a claim loop asks: new entries, and now and then those that dead workers left. */
export function createClaimer(deps: ClaimDeps, over: AbortSignal): Claimer {
  let patience = AbortSignal.abort();

  function waitHalfALease(): void {
    const waited = new AbortController();
    patience = AbortSignal.any([over, waited.signal]);
    void deps.clock.sleep(deps.leaseMs / 2, over).then(() => waited.abort());
  }

  return {
    mayBeLost: () => patience.aborted,
    async takeOver() {
      const [claim] = await deps.queue.reclaim(deps.lane, deps.worker, 1);
      if (claim === undefined) {
        waitHalfALease();
        return undefined;
      }
      if (over.aborted) {
        await claim.release(); // meanwhile we may claim nothing any more
        return undefined;
      }
      deps.log('claim.taken_over', { job_id: claim.jobId }, 'warn');
      return claim;
    },
    next: () => deps.queue.claim(deps.lane, deps.worker, patience),
  };
}

/** Runs a claimed job in a slot it gives back afterwards. What goes wrong ends the attempt, not the worker. */
function runInSlot(deps: ClaimDeps, claim: Claim, free: () => void): void {
  deps.run(claim).then(free, (error) => {
    deps.log('attempt.abandoned', { job_id: claim.jobId, error: String(error) }, 'error');
    free();
  });
}

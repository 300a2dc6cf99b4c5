// Takes work while a slot is free; a busy worker claims nothing, so idle ones get it. What ends an attempt may claim
// the next one for its slot in the same step, if one waits: then nobody is idle. Twice per lease it also looks for what dead
// workers left, so that a lost job is taken up within two leases.
import { isCode } from '../../domain/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Claim, CommandQueue } from '../../ports/command-queue.js';
import type { NextFor } from '../../ports/event-log.js';
import type { FirstAttempt } from '../../ports/first-attempt.js';
import type { Log } from '../../ports/log.js';
import { type LedgerDeps, returnable } from '../handle-command.js';
import type { Slots } from '../slots.js';
import { type ClaimRoomDeps, createClaimRoom } from './claim-room.js';

export interface ClaimerDeps {
  readonly queue: CommandQueue;
  readonly lane: string;
  readonly worker: string;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ClaimDeps extends ClaimerDeps {
  readonly slots: Slots;
  /** Runs a claimed job to its end. */
  readonly run: (claim: Claim) => Promise<unknown>;
}

export interface ClaimLoopDeps extends ClaimerDeps, ClaimRoomDeps, LedgerDeps {
  readonly slots: Slots;
  /**
   * Runs a claimed job to its end. `no-room`: the disk is too small for this job, or was; it has left nothing here to go
   * on with.
   */
  readonly run: (claim: Claim, succession: Succession) => Promise<'no-room' | 'over'>;
  /** How first attempts start that do so with their claim; undefined when none may. */
  readonly start: FirstAttempt | undefined;
}

/** Who comes next in the slot of an attempt. */
export interface Succession {
  /**
   * For whom to claim another entry with the end of this attempt; undefined when nothing is to be claimed so. `succeeded`:
   * it ends well, so that nothing speaks against starting the next one at once.
   */
  nextFor(succeeded: boolean): NextFor | undefined;
  /** Takes what was claimed; it runs when this attempt has left its slot. */
  follow(next: Claim): void;
}

const BUS_RETRY_MS = 1000;

/**
 * Claims until the signal aborts, in every free slot at once; running jobs go on without it. What is claimed is run only
 * if the disk has room then, else given back; from then on nothing is claimed until there is room again.
 */
export async function claimLoop(deps: ClaimLoopDeps, signal: AbortSignal): Promise<void> {
  const failing = new AbortController();
  const over = AbortSignal.any([signal, failing.signal]);
  const claimer = createClaimer(deps, over);
  const room = createClaimRoom(deps, over);
  const { worker, start } = deps;
  const claims: NextFor = { worker };
  const starts: NextFor = { worker, start };
  let claiming = 0;
  let settled = (): void => {};

  async function fill(free: () => void, next: Promise<Claim | undefined>): Promise<void> {
    claiming += 1;
    let claim: Claim | undefined;
    try {
      claim = await next.then(room.unlessCramped);
    } catch (error) {
      await failed(error);
    }
    claiming -= 1;
    if (claim !== undefined) void runInSlot(claim).finally(free);
    else free();
    if (claiming === 0) settled();
  }

  async function nextNew(): Promise<Claim | undefined> {
    const claim = await claimer.next(start);
    return claim && unlessOver(returnable(deps, claim), over);
  }

  async function runInSlot(first: Claim): Promise<void> {
    let claim: Claim | undefined = first;
    while (claim !== undefined) {
      const next = await runOne(claim);
      claim = next && (await unlessUnwanted(next));
    }
  }

  /** Resolves with its successor. What goes wrong ends the attempt, not the worker. */
  async function runOne(claim: Claim): Promise<Claim | undefined> {
    let next: Claim | undefined;
    const succession: Succession = {
      nextFor: (succeeded) => (mayGoOn() ? (succeeded ? starts : claims) : undefined),
      follow: (claimed) => {
        next = claimed;
      },
    };
    try {
      if ((await deps.run(claim, succession)) === 'no-room') room.lackedFor(claim.jobId);
    } catch (error) {
      deps.log('attempt.abandoned', { job_id: claim.jobId, error: String(error) }, 'error');
    }
    return next;
  }

  /** It is not time to look for the lost ones. */
  const mayGoOn = (): boolean => !over.aborted && !claimer.mayBeLost() && room.hadRoom();

  /** Gives back what was claimed when it may not be run any more. A claim that cannot be given back lapses, with its attempt. */
  async function unlessUnwanted(claim: Claim): Promise<Claim | undefined> {
    try {
      return await unlessOver(claim, over).then(room.unlessCramped);
    } catch (error) {
      deps.log('claim.abandoned', { job_id: claim.jobId, error: String(error) }, 'warn');
      return undefined;
    }
  }

  async function failed(error: unknown): Promise<void> {
    if (isCode(error, 'BUS_UNREACHABLE')) await deps.clock.sleep(BUS_RETRY_MS, over);
    else failing.abort(error);
  }

  while (!over.aborted) {
    const free = await deps.slots.acquire(over);
    if (free === undefined) break;
    if (!(await room.mayClaim())) {
      free();
      continue;
    }
    if (claimer.mayBeLost()) await fill(free, claimer.takeOver());
    else void fill(free, nextNew());
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
  /** The next new entry; undefined when none came before it is time to look for lost ones. `start`: as the queue takes it. */
  next(start?: FirstAttempt): Promise<Claim | undefined>;
}

/** What a claim loop asks: new entries, and now and then those that dead workers left. */
export function createClaimer(deps: ClaimerDeps, over: AbortSignal): Claimer {
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
      const kept = await unlessOver(claim, over);
      if (kept !== undefined) deps.log('claim.taken_over', { job_id: kept.jobId }, 'warn');
      return kept;
    },
    next: (start) => deps.queue.claim(deps.lane, deps.worker, patience, start),
  };
}

/** The claim, unless nothing may be claimed any more by now: then it is given back. */
async function unlessOver(claim: Claim, over: AbortSignal): Promise<Claim | undefined> {
  if (!over.aborted) return claim;
  await claim.release();
  return undefined;
}

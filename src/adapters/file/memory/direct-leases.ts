// The leases of direct attempts in memory. Their holders live in this process: those of an earlier one have lapsed.
import type { LapsedAttempt } from '../../../ports/command-queue.js';

export interface DirectLeases {
  /** A direct attempt began. */
  begin(jobId: string, attempt: number): void;
  /** It was running when the last process ended, or on another bus. */
  orphan(jobId: string, attempt: number): void;
  /** False when the attempt is over. */
  extend(jobId: string, attempt: number): boolean;
  lapsed(limit: number): readonly LapsedAttempt[];
  /** Its job has ended, or is removed. False when there was none. */
  end(jobId: string): boolean;
}

interface Kept {
  readonly attempt: number;
  /** On the lease clock; an orphan's has passed. */
  deadline: number;
}

/** None. `leaseNow`: a clock that only goes forward. */
export function createDirectLeases(
  leaseMs: number,
  leaseNow: () => number = () => performance.now(),
): DirectLeases {
  const all = new Map<string, Kept>();
  let lookedAt = leaseNow();
  let quietUntil = 0;

  /** A process that stood still finds every lease lapsed, and could extend none: they get one more. */
  function noticeStandstill(): void {
    const now = leaseNow();
    if (now - lookedAt > Math.max(leaseMs / 2, STANDSTILL_MS)) quietUntil = now + leaseMs;
    lookedAt = now;
  }

  return {
    begin: (jobId, attempt) => void all.set(jobId, { attempt, deadline: leaseNow() + leaseMs }),
    orphan: (jobId, attempt) => void all.set(jobId, { attempt, deadline: Number.NEGATIVE_INFINITY }),
    extend(jobId, attempt) {
      const kept = all.get(jobId);
      if (kept?.attempt !== attempt) return false;
      kept.deadline = leaseNow() + leaseMs;
      return true;
    },
    lapsed(limit) {
      noticeStandstill();
      const now = leaseNow();
      const isQuiet = now < quietUntil;
      return [...all]
        .filter(([, { deadline }]) => (isQuiet ? deadline === Number.NEGATIVE_INFINITY : deadline <= now))
        .sort(([, a], [, b]) => a.deadline - b.deadline)
        .slice(0, Math.max(0, limit))
        .map(([jobId, { attempt }]) => ({ jobId, attempt }));
    },
    end: (jobId) => all.delete(jobId),
  };
}

/** Nobody looks less often than this, unless nothing in the process ran. */
const STANDSTILL_MS = 5000;

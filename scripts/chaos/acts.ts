// What will be done to the fleet and to which part of it, decided before anything runs: the same seed, the same acts.
// When each happens follows the progress of the jobs, which nobody can repeat.
import type { Random } from './random.js';

export type ActKind =
  | 'kill-worker' // SIGKILL
  | 'freeze-worker' // SIGSTOP until its lease is over, then SIGCONT
  | 'leave-worker' // SIGTERM with little patience: what runs is handed back
  | 'kill-ingress'
  | 'kill-gateway'
  | 'restart-redis' // SIGKILL, and started again
  | 'trim-jobs' // `agenticore admin trim` for jobs that have ended; some of those who do it are killed on the way
  | 'redeliver'; // the lane entry of a running attempt is delivered to somebody else as well

export interface Act {
  readonly kind: ActKind;
  /** Which of several is meant: 0 <= x < 1. */
  readonly victim: number;
  /** Milliseconds after the moment when the act is due. */
  readonly pauseMs: number;
  /** How long it stays frozen or away, beyond what the kind needs at least. */
  readonly forMs: number;
}

/** In each bag as often as it stands here, in an order of chance: also a short run has some of everything. */
const BAG: readonly ActKind[] = [
  'kill-worker',
  'kill-worker',
  'kill-worker',
  'kill-worker',
  'freeze-worker',
  'freeze-worker',
  'leave-worker',
  'kill-ingress',
  'kill-gateway',
  'restart-redis',
  'trim-jobs',
  'trim-jobs',
  'redeliver',
  'redeliver',
];

export const ACT_KINDS: readonly ActKind[] = [...new Set(BAG)];

/** `count` acts in order. */
export function planActs(count: number, random: Random): readonly Act[] {
  const kinds: ActKind[] = [];
  while (kinds.length < count) kinds.push(...random.shuffled(BAG));
  return kinds.slice(0, count).map((kind) => ({
    kind,
    victim: random.next(),
    pauseMs: random.between(0, 900),
    forMs: random.between(0, 3000),
  }));
}

export interface Order {
  readonly number: number;
  /** Index of its repository; undefined for a job without one, whose end may claim the next. */
  readonly repository: number | undefined;
  /** Claude Code itself with a scripted model, instead of the stand-in. */
  readonly isReal: boolean;
  /** Milliseconds after its acceptance; undefined: nobody cancels it. */
  readonly cancelAfterMs: number | undefined;
  /** Sent once more after it was accepted, as a client does that did not hear the answer. */
  readonly isRepeated: boolean;
}

/**
 * What is ordered: one job in ten of the real Claude Code, one in four without a repository, one in fifteen cancelled, one
 * in eight sent twice.
 */
export function planOrders(count: number, repositories: number, random: Random): readonly Order[] {
  return Array.from({ length: count }, (_, number) => ({
    number,
    repository: number % 4 === 2 ? undefined : random.between(0, repositories - 1),
    isReal: number % 10 === 3,
    cancelAfterMs: number % 15 === 7 ? random.between(0, 4000) : undefined,
    isRepeated: number % 8 === 5,
  }));
}

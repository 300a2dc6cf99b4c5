// Whether an attempt that went wrong is tried again, and when. Data in, decision out.
import { ERRORS, type ErrorCode } from './errors.js';
import { BACKOFF_GROWTH, type Backoff, OUTCOMES, type OutcomeRow, type Parking } from './outcomes.js';

export type RetryDecision =
  | { readonly kind: 'retry'; readonly at: number }
  | { readonly kind: 'park'; readonly until: number }
  | { readonly kind: 'exhausted' } // worth another attempt, but there is none left
  | { readonly kind: 'give-up' };

export interface RetryQuestion {
  readonly code: ErrorCode;
  readonly attemptsUsed: number;
  readonly maxAttempts: number;
  /** How many attempts of the job had ended with each code before this one. */
  readonly failures?: Failures;
  /** Base of the exponential backoff. */
  readonly backoffMs: number;
  /** When the model's owner said that the quota opens again (epoch ms), if it said so. */
  readonly resetsAt?: number;
  readonly now: number;
  /** 0..1; a parameter so that the decision stays pure. */
  readonly jitter: number;
}

export type Failures = Readonly<Partial<Record<ErrorCode, number>>>;

/** Decides what follows a failed attempt, by the class of its code. */
export function decideRetry(question: RetryQuestion): RetryDecision {
  const row: OutcomeRow = OUTCOMES[ERRORS[question.code].outcome];
  const { attemptsUsed, maxAttempts, backoffMs, now, jitter } = question;
  switch (row.follows) {
    case 'park':
      return { kind: 'park', until: parkedUntil(row.parking, question) };
    case 'retry': {
      const isLast = row.limit !== undefined && failuresLike(question) + 1 >= row.limit;
      if (isLast || attemptsUsed >= maxAttempts) return { kind: 'exhausted' };
      return { kind: 'retry', at: now + Math.round(backoff(row.backoff, backoffMs, attemptsUsed, jitter)) };
    }
    case 'fail':
      return { kind: 'give-up' };
    default:
      return row satisfies never;
  }
}

function parkedUntil(
  { defaultS, leastS, mostS, jitter: part, jitterCapS }: Parking,
  { resetsAt, now, jitter }: RetryQuestion,
): number {
  const wanted = resetsAt === undefined ? defaultS * 1000 : resetsAt - now;
  const wait = Math.min(mostS * 1000, Math.max(leastS * 1000, wanted));
  return now + wait + Math.round(Math.min(wait * part, jitterCapS * 1000) * jitter);
}

function backoff(
  { times, capS, jitter: part }: Backoff,
  baseMs: number,
  used: number,
  jitter: number,
): number {
  const delay = Math.min(capS * 1000, baseMs * times * BACKOFF_GROWTH ** Math.max(0, used - 1));
  return delay * (1 + part * jitter);
}

function failuresLike({ code, failures = {} }: RetryQuestion): number {
  const { outcome } = ERRORS[code];
  const codes = Object.keys(failures) as ErrorCode[];
  return codes
    .filter((one) => ERRORS[one]?.outcome === outcome)
    .reduce((sum, one) => sum + (failures[one] ?? 0), 0);
}

// Whether an attempt that went wrong is tried again, and when. Data in, decision out.
import { ERRORS, type ErrorCode } from './errors.js';

export type RetryDecision =
  | { readonly kind: 'retry'; readonly at: number }
  | { readonly kind: 'park'; readonly until: number }
  | { readonly kind: 'exhausted' } // worth another attempt, but there is none left
  | { readonly kind: 'give-up' };

export interface RetryQuestion {
  readonly code: ErrorCode;
  readonly attemptsUsed: number;
  readonly maxAttempts: number;
  /** Base of the exponential backoff. */
  readonly backoffMs: number;
  /** When the model's owner said that the quota opens again (epoch ms), if it said so. */
  readonly resetsAt?: number;
  readonly now: number;
  /** 0..1; a parameter so that the decision stays pure. */
  readonly jitter: number;
}

const MAX_BACKOFF_MS = 15 * 60_000;
/** How long a quota is given to recover when nobody said when it opens. */
export const DEFAULT_PARK_MS = 15 * 60_000;

/** Decides what follows a failed attempt. Backoff doubles per attempt used, with up to 50 % jitter added. */
export function decideRetry(question: RetryQuestion): RetryDecision {
  const { code, attemptsUsed, maxAttempts, backoffMs, resetsAt, now, jitter } = question;
  switch (ERRORS[code].outcome) {
    case 'quota':
      return { kind: 'park', until: Math.max(now, resetsAt ?? now + DEFAULT_PARK_MS) };
    case 'transient': {
      if (attemptsUsed >= maxAttempts) return { kind: 'exhausted' };
      const delay = Math.min(MAX_BACKOFF_MS, backoffMs * 2 ** Math.max(0, attemptsUsed - 1));
      return { kind: 'retry', at: now + Math.round(delay * (1 + jitter / 2)) };
    }
    default:
      return { kind: 'give-up' };
  }
}

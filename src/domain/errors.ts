// The one table of everything that can be refused or go wrong: code -> what to say, which HTTP status, and the class
// that says what follows for a job. docs/errors.md is generated from it.
import type { ErrorRow } from './error-row.js';
import { FAILURES } from './failures.js';
import { REFUSALS } from './refusals.js';

export const ERRORS = { ...REFUSALS, ...FAILURES } as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** The public spelling of a code, as on the wire and in logs. */
export const publicCode = (code: ErrorCode): string => `AGENTICORE_${code}`;

export interface ErrorDetail {
  readonly path: string;
  readonly message: string;
}

/** Looks at a value from outside: one detail for each problem, none when it fits. */
export type Check = (value: unknown) => readonly ErrorDetail[];

/** The one error class: an expected refusal with a code of the table. Anything else that is thrown is a bug. */
export class AgenticoreError extends Error {
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[];
  /** Seconds after which the caller may try again, where that is known. */
  readonly retryAfterS: number | undefined;

  constructor(
    code: ErrorCode,
    message: string = ERRORS[code].message,
    more: { details?: readonly ErrorDetail[]; retryAfterS?: number; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'AgenticoreError';
    this.code = code;
    this.details = more.details ?? [];
    this.retryAfterS = more.retryAfterS;
  }
}

/** True for a refusal with this code. */
export const isCode = (error: unknown, code: ErrorCode): boolean =>
  error instanceof AgenticoreError && error.code === code;

/** What anything that was thrown says of itself. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What to say of a job that waited too long; `lastError`: of the attempt that it waited to repeat. */
export const expiryAfter = (lastError: string | undefined): string =>
  `${ERRORS.QUEUE_EXPIRED.message}${lastError === undefined ? '' : ` Its last attempt: ${lastError}`}`;

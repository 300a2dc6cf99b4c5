// How a turn ends that did not succeed. Somebody waits for it and asks again if need be: it is never tried again, never
// parked, and no dead letter. Whatever ends its attempt badly ends the job.
import { AgenticoreError, ERRORS, type ErrorCode } from './errors.js';
import type { Job } from './job.js';
import type { JobEvent, TranscriptSeal } from './job-event.js';

/** What an attempt of a turn failed with. `resetsAt`: when a usage limit opens again (epoch ms), where that is known. */
export interface TurnFailure {
  readonly code: ErrorCode;
  readonly error: string;
  readonly resetsAt?: number;
}

/** The event that ends the turn for this. */
export function failTurn(job: Job, now: number, { code, error, resetsAt }: TurnFailure): JobEvent {
  const sentence = resetsAt === undefined ? error : `${error}${opening(resetsAt)}`;
  return { type: 'JobFailed', at: now, attempt: job.attempt, code, error: sentence, ...sealOf(job) };
}

/** The running attempt of a turn has lost its worker. */
export function loseTurn(job: Job, now: number): JobEvent {
  if (job.cancelRequested) return { type: 'JobCancelled', at: now, ...sealOf(job) };
  const error = `The turn lost its worker ${job.worker ?? ''}; ask again.`;
  return failTurn(job, now, { code: 'WORKER_LOST', error });
}

/** The worker leaves while it runs the turn. */
export const leaveTurn = (job: Job, now: number): JobEvent =>
  failTurn(job, now, {
    code: 'DRAINING',
    error: `The worker ${job.worker ?? ''} left before the turn was done; ask again.`,
  });

/** The model's quota was found used up before an attempt began. */
export const failUnstarted = (job: Job, now: number, until: number): JobEvent =>
  failTurn(job, now, {
    code: 'CLAUDE_USAGE_LIMIT',
    error: `${ERRORS.CLAUDE_USAGE_LIMIT.message} The turn was not started.`,
    resetsAt: until,
  });

/** Throws STALE_ATTEMPT unless the attempt has a lease of its own, which may lapse. */
export function assertDirect(job: Job): void {
  if (!job.direct) throw new AgenticoreError('STALE_ATTEMPT', 'The attempt runs by a claim, not by a lease.');
}

/** The event that ends a job repeats what its transcript was sealed with, so that one record shows a cut tail. */
export const sealOf = (job: Job): { readonly transcript?: TranscriptSeal } =>
  job.transcript === undefined ? {} : { transcript: job.transcript };

function opening(resetsAt: number): string {
  const date = new Date(resetsAt);
  return Number.isNaN(date.getTime()) ? '' : ` It opens again at ${date.toISOString()}.`;
}

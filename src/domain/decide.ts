// What may happen to a job: a command and the state so far give events, or a refusal with a code.
import { type CallbackCommand, decideCallback } from './decide-callback.js';
import { AgenticoreError, ERRORS, type ErrorCode } from './errors.js';
import { isDeadLetter, isTerminal, type Job } from './job.js';
import type { DeadLetterFate, JobEvent, JobOrder, Progress } from './job-event.js';
import { decideRetry, type RetryQuestion } from './retry.js';
import { assertDirect, failTurn, failUnstarted, leaveTurn, loseTurn, sealOf } from './turn-ending.js';

/** How an attempt ended, judged by the worker. What follows from it is decided here. */
export type AttemptOutcome =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly error: string; readonly resetsAt?: number }
  | { readonly kind: 'handed-back' }; // stopped before its end: by a cancel, or because the worker leaves

export type JobCommand =
  | {
      readonly type: 'SubmitJob';
      readonly jobId: string;
      readonly kind: 'task' | 'turn';
      readonly order: JobOrder;
      /** The process that took it runs it at once: its attempt is direct, and never in a lane. */
      readonly start?: { readonly worker: string; readonly host: string };
    }
  | { readonly type: 'StartAttempt'; readonly worker: string; readonly host: string }
  | { readonly type: 'ParkJob'; readonly until: number; readonly jitter: number }
  | { readonly type: 'ReportProgress'; readonly attempt: number; readonly facts: readonly Progress[] }
  | {
      readonly type: 'EndAttempt';
      readonly attempt: number;
      readonly outcome: AttemptOutcome;
      readonly jitter: number;
    }
  /** The lease of a direct attempt has lapsed. */
  | { readonly type: 'LoseAttempt'; readonly attempt: number }
  | { readonly type: 'RequestCancel'; readonly by: string }
  | { readonly type: 'ExpireJob' }
  | ({ readonly type: 'CloseDeadLetter'; readonly by: string } & DeadLetterFate)
  | CallbackCommand;

/**
 * The events that a command causes, given what happened so far; `now` is epoch milliseconds, `heldMs` how long its
 * repository's limit has kept the job from its lane in its present wait. An empty list means that there is nothing to
 * do. Throws JOB_NOT_FOUND, JOB_ENDED or STALE_ATTEMPT when the command may not happen, and what decideCallback throws.
 */
export function decide(
  command: JobCommand,
  job: Job | undefined,
  now: number,
  heldMs = 0,
): readonly JobEvent[] {
  if (command.type === 'SubmitJob') {
    if (job !== undefined) throw new AgenticoreError('STALE_ATTEMPT', 'A job with this id exists already.');
    return submitJob(command, now);
  }
  if (job === undefined) throw new AgenticoreError('JOB_NOT_FOUND');
  switch (command.type) {
    case 'StartAttempt':
      return startAttempt(command, job, now, heldMs);
    case 'ParkJob':
      return parkJob(command, job, now, heldMs);
    case 'ReportProgress':
      assertCurrent(job, command.attempt);
      return command.facts.map((fact) => ({ ...fact, at: now, attempt: command.attempt }));
    case 'EndAttempt':
      assertCurrent(job, command.attempt);
      return endAttempt(command, job, now);
    case 'LoseAttempt':
      assertCurrent(job, command.attempt);
      assertDirect(job);
      return [loseTurn(job, now)];
    case 'RequestCancel':
      return requestCancel(command.by, job, now);
    case 'ExpireJob':
      return hasExpired(job, now, heldMs) ? [{ type: 'JobExpired', at: now }] : [];
    case 'CloseDeadLetter':
      return closeDeadLetter(command, job, now);
    case 'RecordCallback':
    case 'AskForCallback':
      return decideCallback(command, job, now);
    default:
      return command satisfies never;
  }
}

/** True when the job has waited longer than its queue TTL; parked, held and running time do not count. */
export function hasExpired(job: Job, now: number, heldMs = 0): boolean {
  if (job.status !== 'queued') return false;
  return job.waitedMs + Math.max(0, now - job.queuedSince - heldMs) > job.order.queueTtlS * 1000;
}

function assertCurrent(job: Job, attempt: number): void {
  if (isTerminal(job.status)) throw new AgenticoreError('JOB_ENDED');
  if (job.status !== 'running' || job.attempt !== attempt) throw new AgenticoreError('STALE_ATTEMPT');
}

function submitJob(
  { jobId, kind, order, start }: Extract<JobCommand, { type: 'SubmitJob' }>,
  now: number,
): readonly JobEvent[] {
  const submitted = { type: 'JobSubmitted', at: now, jobId, kind, order } as const;
  if (start === undefined) return [submitted];
  return [submitted, { type: 'AttemptStarted', at: now, attempt: 1, ...start, direct: true }];
}

/** Whoever holds the claim starts the next attempt; a running one must then have lost its worker. */
function startAttempt(
  { worker, host }: { worker: string; host: string },
  job: Job,
  now: number,
  heldMs: number,
): readonly JobEvent[] {
  const held = heldOf(job, heldMs);
  const next = { type: 'AttemptStarted', at: now, attempt: job.attempt + 1, worker, host, ...held } as const;
  return takeUp(job, now, heldMs, next);
}

/** What StartAttempt causes when a job has only been submitted and its wait has not expired: the same for all of them. */
export const firstStart = (worker: string, host: string, now: number): JobEvent => ({
  type: 'AttemptStarted',
  at: now,
  attempt: 1,
  worker,
  host,
});

/** Whoever holds the claim may not start an attempt before `until`: the model's quota is used up. */
function parkJob(
  { until, jitter }: { until: number; jitter: number },
  job: Job,
  now: number,
  heldMs: number,
): readonly JobEvent[] {
  if (job.kind === 'turn') return takeUp(job, now, heldMs, failUnstarted(job, now, until));
  const code = 'CLAUDE_USAGE_LIMIT';
  const decision = decideRetry({ ...retryQuestion(job, code, now, jitter), resetsAt: until });
  if (decision.kind !== 'park') throw new Error(`${code} does not park`);
  const error = `${ERRORS[code].message} The job was not started.`;
  const next = {
    type: 'JobParked',
    at: now,
    code,
    error,
    until: decision.until,
    ...heldOf(job, heldMs),
  } as const;
  return takeUp(job, now, heldMs, next);
}

/** What of the wait that ends here was no waiting. */
const heldOf = (job: Job, heldMs: number): { readonly heldMs?: number } =>
  job.status === 'queued' && heldMs > 0 ? { heldMs } : {};

/** What a claimed job's new holder writes: `next`, after the loss of the last attempt if one ran, unless the job ends here. */
function takeUp(job: Job, now: number, heldMs: number, next: JobEvent): readonly JobEvent[] {
  if (isTerminal(job.status)) throw new AgenticoreError('JOB_ENDED');
  if (hasExpired(job, now, heldMs)) return [{ type: 'JobExpired', at: now }];
  if (job.status === 'queued') return [next];
  if (job.kind === 'turn') return [loseTurn(job, now)];
  if (job.cancelRequested) return [{ type: 'JobCancelled', at: now }];
  const attempt = job.attempt;
  const error = `Attempt ${attempt} lost its worker ${job.worker ?? ''}.`;
  if (job.attemptsUsed < job.order.maxAttempts) {
    const worker = job.worker ?? '';
    return [{ type: 'AttemptLost', at: now, attempt, worker, code: 'WORKER_LOST', error }, next];
  }
  const last = `${error} It was the last of ${job.order.maxAttempts}.`;
  return [{ type: 'JobFailed', at: now, attempt, code: 'ATTEMPTS_EXHAUSTED', error: last, exhausted: true }];
}

function endAttempt(
  command: Extract<JobCommand, { type: 'EndAttempt' }>,
  job: Job,
  now: number,
): readonly JobEvent[] {
  // A cancel is a promise: whatever result still arrives, only `cancelled` may follow.
  if (job.cancelRequested) return [{ type: 'JobCancelled', at: now, ...sealOf(job) }];
  const { outcome, attempt } = command;
  switch (outcome.kind) {
    case 'succeeded':
      return [{ type: 'JobSucceeded', at: now, attempt, ...sealOf(job) }];
    case 'handed-back':
      if (job.kind === 'turn') return [leaveTurn(job, now)];
      return [{ type: 'AttemptHandedBack', at: now, attempt, worker: job.worker ?? '' }];
    case 'failed':
      if (job.kind === 'turn') return [failTurn(job, now, outcome)];
      return failAttempt(outcome, command, job, now);
    default:
      return outcome satisfies never;
  }
}

function failAttempt(
  { code, error, resetsAt }: Extract<AttemptOutcome, { kind: 'failed' }>,
  { attempt, jitter }: { attempt: number; jitter: number },
  job: Job,
  now: number,
): readonly JobEvent[] {
  const decision = decideRetry({
    ...retryQuestion(job, code, now, jitter),
    ...(resetsAt === undefined ? {} : { resetsAt }),
  });
  switch (decision.kind) {
    case 'retry':
      return [{ type: 'AttemptFailed', at: now, attempt, code, error, retryAt: decision.at }];
    case 'park':
      return [{ type: 'AttemptParked', at: now, attempt, code, error, until: decision.until }];
    case 'give-up':
      return [{ type: 'JobFailed', at: now, attempt, code, error, ...sealOf(job) }];
    case 'exhausted':
      return [{ type: 'JobFailed', at: now, attempt, code, error, exhausted: true, ...sealOf(job) }];
    default:
      return decision satisfies never;
  }
}

const retryQuestion = (job: Job, code: ErrorCode, now: number, jitter: number): RetryQuestion => ({
  code,
  attemptsUsed: job.attemptsUsed,
  maxAttempts: job.order.maxAttempts,
  ...(job.failures === undefined ? {} : { failures: job.failures }),
  backoffMs: job.order.backoffS * 1000,
  now,
  jitter,
});

/** The letter leaves the pile; the job stays ended as it did. */
function closeDeadLetter(
  { type: _type, ...closing }: Extract<JobCommand, { type: 'CloseDeadLetter' }>,
  job: Job,
  now: number,
): readonly JobEvent[] {
  return isDeadLetter(job) ? [{ type: 'DeadLetterClosed', at: now, ...closing }] : [];
}

function requestCancel(by: string, job: Job, now: number): readonly JobEvent[] {
  if (isTerminal(job.status)) return [];
  const request: JobEvent = { type: 'CancelRequested', at: now, by };
  if (job.status === 'queued') return [request, { type: 'JobCancelled', at: now }];
  return job.cancelRequested ? [] : [request];
}

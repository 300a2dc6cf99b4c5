// Where a job stands: what its events add up to. Pure; `decide` says what may happen.
import { type Callback, callbackAtEnd, foldCallback } from './callback.js';
import { type ErrorCode, expiryAfter } from './errors.js';
import type { Finding } from './guard.js';
import type { JobEvent, JobOrder, TranscriptSeal, Usage, WorkspaceFacts } from './job-event.js';
import type { Failures } from './retry.js';
import { foldUnfinished, type Unfinished } from './unfinished.js';
import { addUsage } from './usage.js';
import type { Verification } from './verification.js';

export type JobStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired';
export const JOB_STATUSES: readonly JobStatus[] = [
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'expired',
];

/** The state of a job: the fold of its events. */
export interface Job {
  readonly id: string;
  readonly kind: 'task' | 'turn';
  readonly order: JobOrder;
  readonly status: JobStatus;
  /** Number of events so far; what an append compares. */
  readonly version: number;
  readonly attempt: number;
  readonly attemptsUsed: number;
  readonly cancelRequested: boolean;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly nextAttemptAt?: number;
  /** Since when it waits, and how long it had waited before that: parked time does not count. */
  readonly queuedSince: number;
  readonly waitedMs: number;
  readonly worker?: string;
  readonly host?: string;
  /** The current attempt runs where the job came in: it has a lease of its own, and the job is in no lane. */
  readonly direct?: true;
  readonly pid?: number;
  readonly sessionId?: string;
  /** Whether Claude goes on in the session of an earlier attempt. */
  readonly resumed?: boolean;
  readonly workspace?: WorkspaceFacts;
  /** What the next attempt may go on with. */
  readonly unfinished?: Unfinished;
  /** How the profile's verify commands judged what Claude did last. */
  readonly verification?: Verification;
  readonly commit?: string;
  readonly branch?: string;
  readonly pushedOid?: string;
  /** Why the work was not pushed. */
  readonly findings?: readonly Finding[];
  readonly prUrl?: string;
  readonly prError?: string;
  readonly exitCode?: number;
  /** Money, turns and usage of all attempts together. */
  readonly costUsd: number;
  readonly numTurns: number;
  readonly usage?: Usage;
  readonly answer?: { readonly bytes: number; readonly sha256: string };
  readonly transcript?: TranscriptSeal;
  readonly error?: string;
  readonly code?: ErrorCode;
  /** How many attempts ended with each code and were followed by another. */
  readonly failures?: Failures;
  /** It failed for something that is tried again, and had used up its attempts. */
  readonly exhausted?: true;
  /** Somebody has seen to it since: it is no dead letter any more. */
  readonly letterClosed?: true;
  /** Set from the end on, where the order names an address for it. */
  readonly callback?: Callback;
}

/** True for a job that used up its attempts and that nobody has looked at since: it is among the dead letters. */
export const isDeadLetter = (job: Job): boolean => job.exhausted === true && job.letterClosed !== true;

/** True when nothing more can happen to a job of this status. */
export const isTerminal = (status: JobStatus): boolean => status !== 'queued' && status !== 'running';

/** A job that nobody else has seen yet. What happens to every job changes one copy: spreading again costs more than all else. */
type Draft = { -readonly [P in keyof Job]: Job[P] };

/** Folds one event into the state. `job` is undefined only before JobSubmitted. */
export function evolve(job: Job | undefined, event: JobEvent): Job {
  if (event.type === 'JobSubmitted') return submitted(event);
  if (job === undefined) throw new Error(`ledger starts with ${event.type} instead of JobSubmitted`);
  // Not by spreading: what is made so grows ten times more slowly.
  const next = carryUnfinished(Object.assign({}, job, { version: job.version + 1 }), event);
  switch (event.type) {
    case 'AttemptStarted':
      return startAttempt(next, event);
    case 'WorkspaceOpened': {
      const { type: _type, at: _at, attempt: _attempt, ...workspace } = event;
      return { ...next, workspace };
    }
    case 'SetupFinished':
      return next;
    case 'ClaudeStarted':
      return {
        ...without(next, 'verification'),
        pid: event.pid,
        sessionId: event.sessionId,
        ...(event.resumed === undefined ? {} : { resumed: event.resumed }),
      };
    case 'ClaudeFinished':
      return finishClaude(next, event);
    case 'VerificationFinished': {
      const { passed, round, commands } = event;
      return { ...next, verification: { passed, round, commands } };
    }
    case 'CommitReady':
      return { ...next, commit: event.oid };
    case 'PushBlocked':
      return { ...next, findings: event.findings };
    case 'BranchPushed':
      return { ...next, branch: event.branch, pushedOid: event.oid };
    case 'PullRequestOpened':
      return without({ ...next, prUrl: event.url }, 'prError');
    case 'PullRequestFailed':
      return { ...next, prError: event.error };
    case 'CancelRequested':
      return { ...next, cancelRequested: true };
    case 'AttemptFailed':
      return requeue({ ...countFailure(next, event), nextAttemptAt: event.retryAt }, event.at);
    case 'AttemptLost':
      return requeue(countFailure(next, event), event.at);
    case 'AttemptParked': {
      const parked = { ...next, attemptsUsed: next.attemptsUsed - 1, nextAttemptAt: event.until };
      return requeue({ ...parked, code: event.code, error: event.error }, event.until);
    }
    case 'JobParked': {
      const waitedMs = next.waitedMs + waitOf(next, event);
      const { code, error, until } = event;
      return { ...next, code, error, waitedMs, queuedSince: until, nextAttemptAt: until };
    }
    case 'AttemptHandedBack':
      return requeue({ ...next, attemptsUsed: next.attemptsUsed - 1 }, event.at);
    case 'JobSucceeded':
      return without(end(next, 'succeeded', event), 'code', 'error');
    case 'JobFailed':
      return end({ ...next, code: event.code, error: event.error, ...exhaustion(event) }, 'failed', event);
    case 'JobCancelled':
      return without(end({ ...next, code: 'CANCELLED' }, 'cancelled', event), 'error');
    case 'JobExpired':
      return end({ ...next, code: 'QUEUE_EXPIRED', error: expiryAfter(next.error) }, 'expired', event);
    case 'DeadLetterClosed':
      return { ...next, letterClosed: true };
    case 'CallbackDelivered':
    case 'CallbackFailed':
    case 'CallbackAsked':
      return next.callback === undefined ? next : { ...next, callback: foldCallback(next.callback, event) };
    default:
      return event satisfies never;
  }
}

function submitted(event: Extract<JobEvent, { type: 'JobSubmitted' }>): Job {
  return {
    id: event.jobId,
    kind: event.kind,
    order: event.order,
    status: 'queued',
    version: 1,
    attempt: 0,
    attemptsUsed: 0,
    cancelRequested: false,
    createdAt: event.at,
    queuedSince: event.at,
    waitedMs: 0,
    costUsd: 0,
    numTurns: 0,
    ...(event.order.delivers === undefined ? {} : { commit: event.order.delivers.commit }),
  };
}

/** How long a job waited until an event: the time in which its repository's limit held it does not count. */
const waitOf = (job: Job, { at, heldMs = 0 }: { readonly at: number; readonly heldMs?: number }): number =>
  Math.max(0, at - job.queuedSince - heldMs);

function carryUnfinished(job: Draft, event: JobEvent): Draft {
  const unfinished = foldUnfinished(job.unfinished, event);
  if (unfinished === job.unfinished) return job;
  return unfinished === undefined ? without(job, 'unfinished') : { ...job, unfinished };
}

function startAttempt(job: Draft, event: Extract<JobEvent, { type: 'AttemptStarted' }>): Job {
  job.status = 'running';
  job.attempt = event.attempt;
  job.attemptsUsed += 1;
  job.startedAt ??= event.at;
  job.waitedMs += waitOf(job, event);
  job.worker = event.worker;
  job.host = event.host;
  if (event.direct) job.direct = true;
  return without(
    job,
    'nextAttemptAt',
    'pid',
    'code',
    'error',
    'exitCode',
    'workspace',
    'resumed',
    'findings',
  );
}

function finishClaude(job: Job, event: Extract<JobEvent, { type: 'ClaudeFinished' }>): Job {
  return {
    ...without(job, 'pid'),
    costUsd: job.costUsd + event.costUsd,
    numTurns: job.numTurns + event.numTurns,
    transcript: event.transcript,
    ...(event.exitCode === null ? {} : { exitCode: event.exitCode }),
    ...(event.usage ? { usage: addUsage(job.usage, event.usage) } : {}),
    ...(event.answer ? { answer: event.answer } : {}),
  };
}

const exhaustion = ({ exhausted }: { readonly exhausted?: true }): { readonly exhausted?: true } =>
  exhausted === undefined ? {} : { exhausted };

function countFailure(job: Job, { code, error }: { readonly code: ErrorCode; readonly error: string }): Job {
  return { ...job, code, error, failures: { ...job.failures, [code]: (job.failures?.[code] ?? 0) + 1 } };
}

function requeue(job: Job, queuedSince: number): Job {
  return without({ ...job, status: 'queued', queuedSince }, 'pid', 'worker', 'host', 'direct');
}

function end(job: Draft, status: JobStatus, event: { readonly at: number }): Draft {
  job.status = status;
  job.endedAt = event.at;
  if (job.order.callbackUrl !== undefined) job.callback = callbackAtEnd(event.at);
  return without(job, 'pid', 'nextAttemptAt');
}

/** Leaves members out by not copying them: an object that has lost one is slow for good. */
function without<K extends keyof Job>(job: Draft, ...names: readonly K[]): Draft {
  for (const name of names) if (name in job) return copyWithout(job, new Set(names));
  return job;
}

const copyWithout = (job: Draft, names: ReadonlySet<string>): Draft =>
  Object.fromEntries(Object.entries(job).filter(([name]) => !names.has(name))) as Draft;

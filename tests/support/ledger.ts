// Transitions as the application would make them: the real decide, evolve, chain and placement, so that a bus is
// never tested with ledgers that cannot happen.
import { createHash, randomUUID } from 'node:crypto';
import { transitionOf } from '../../src/app/handle-command.js';
import { decide, type JobCommand } from '../../src/domain/decide.js';
import type { Hash } from '../../src/domain/evidence.js';
import type { JobOrder } from '../../src/domain/job-event.js';
import type { EventLog, IdempotencyClaim, Transition } from '../../src/ports/event-log.js';
import type { StoredJob } from '../../src/ports/stored-job.js';

export const sha256: Hash = (text) => createHash('sha256').update(text).digest('hex');

/** An order that asks for nothing special; lane `jobs`, three attempts. */
export const sampleOrder = (overrides: Partial<JobOrder> = {}): JobOrder => ({
  task: 'make the test pass',
  profile: 'code',
  lane: 'jobs',
  mode: 'fire_and_forget',
  queueTtlS: 86_400,
  ttlS: 86_400,
  maxAttempts: 3,
  backoffS: 30,
  ...overrides,
});

export interface TransitionExtras {
  /** Epoch milliseconds at which the command is decided; now when left out. */
  readonly now?: number;
  readonly answer?: string;
  readonly request?: string;
  readonly idempotency?: IdempotencyClaim;
}

/** What `command` does to a job in state `before`. Throws as decide does, and when the command changes nothing. */
export function transition(
  before: StoredJob | undefined,
  command: JobCommand & { readonly jobId?: string },
  { now = Date.now(), answer, request, idempotency }: TransitionExtras = {},
): Transition {
  const events = decide(command, before?.job, now, before?.heldMs);
  const jobId = before?.job.id ?? command.jobId;
  if (jobId === undefined || events.length === 0) throw new Error(`${command.type} changes nothing`);
  return {
    ...transitionOf(jobId, before, events, sha256),
    ...(answer === undefined ? {} : { answer }),
    ...(request === undefined ? {} : { request }),
    ...(idempotency === undefined ? {} : { idempotency }),
  };
}

export interface Submission extends TransitionExtras {
  readonly jobId?: string;
  readonly order?: Partial<JobOrder>;
  /** `task` when left out. */
  readonly kind?: 'task' | 'turn';
  /** Where its attempt begins at once. */
  readonly start?: { readonly worker: string; readonly host: string };
}

/** The first transition of a new job. */
export function submission(options: Submission = {}): Transition {
  const { jobId = randomUUID(), order, kind = 'task', start, ...extras } = options;
  const command = { type: 'SubmitJob', jobId, kind, order: sampleOrder(order) } as const;
  return transition(undefined, start === undefined ? command : { ...command, start }, extras);
}

/** Submits a turn that runs where it came in, and resolves with its id. */
export const startTurn = (events: EventLog, options: Submission = {}): Promise<string> =>
  submit(events, { kind: 'turn', start: { worker: 'worker-1', host: 'host-1' }, ...options });

/** Submits a job and resolves with its id. */
export async function submit(events: EventLog, options: Submission = {}): Promise<string> {
  const first = submission(options);
  const result = await events.append(first);
  if (result.kind !== 'appended') throw new Error(`the submission was not appended but ${result.kind}`);
  return first.jobId;
}

/** A job as it stands with its head worked out: what two looks at it are compared by. */
export const inFull = (stored: StoredJob | undefined): unknown =>
  stored && { ...stored, head: stored.head() };

/** Loads, decides and appends; resolves with the state afterwards. A conflict is an error. */
export async function carryOut(
  events: EventLog,
  jobId: string,
  command: JobCommand,
  extras: TransitionExtras = {},
): Promise<StoredJob> {
  const next = transition(await events.load(jobId), command, extras);
  const result = await events.append(next);
  if (result.kind !== 'appended') throw new Error(`${command.type} was not appended but ${result.kind}`);
  return next.after;
}

/** Starts the next attempt of a job and resolves with the state afterwards. */
export const startAttempt = (
  events: EventLog,
  jobId: string,
  extras: TransitionExtras = {},
): Promise<StoredJob> =>
  carryOut(events, jobId, { type: 'StartAttempt', worker: 'worker-1', host: 'host-1' }, extras);

/** Ends the running attempt of a job. */
export async function endAttempt(
  events: EventLog,
  jobId: string,
  outcome: Extract<JobCommand, { type: 'EndAttempt' }>['outcome'],
  extras: TransitionExtras = {},
): Promise<StoredJob> {
  const attempt = (await events.load(jobId))?.job.attempt ?? 0;
  return carryOut(events, jobId, { type: 'EndAttempt', attempt, outcome, jitter: 0 }, extras);
}

// The one way to change a job: load, fold, decide, append at the expected version; on a conflict, again.
import { decide, type JobCommand } from '../domain/decide.js';
import { AgenticoreError } from '../domain/errors.js';
import { chainEvents, GENESIS, type Hash } from '../domain/evidence.js';
import { evolve, isDeadLetter, type Job } from '../domain/job.js';
import type { JobEvent } from '../domain/job-event.js';
import { placementChange } from '../domain/placement.js';
import type { Clock } from '../ports/clock.js';
import type { Claim } from '../ports/command-queue.js';
import type { EventLog, IdempotencyClaim, NextFor, Transition } from '../ports/event-log.js';
import type { StoredJob } from '../ports/stored-job.js';
import { isOvertaken } from './overtaken.js';
import { persist } from './persist.js';

export interface LedgerDeps {
  readonly events: EventLog;
  readonly clock: Clock;
  readonly hash: Hash;
}

export interface Handled {
  readonly job: Job;
  /** What the command caused; empty when there was nothing to do. */
  readonly events: readonly JobEvent[];
  /** Hash of the ledger's last record. */
  readonly head: StoredJob['head'];
  /** What was claimed with it, for `nextFor`. */
  readonly next?: Claim | undefined;
}

/** What goes with a command in the same step. */
export interface CommandExtras {
  /** The final answer, kept beside the ledger. */
  readonly answer?: string;
  /** JSON of the whole request of a turn that waits, with SubmitJob. */
  readonly request?: string;
  /** The key that a caller gave, with SubmitJob. */
  readonly idempotency?: IdempotencyClaim;
  /** Token of the claim without which the command may not happen. */
  readonly claim?: string;
  /** For whom to claim the next entry with the end of this attempt. */
  readonly nextFor?: NextFor | undefined;
}

/** The state as the caller last saw it: saves a look when nothing has happened since, and does no harm else. */
export type Known = Pick<StoredJob, 'job' | 'head'>;

/** Conflicts in a row after which something must be badly wrong; each means that another writer got on. */
const MAX_CONFLICTS = 50;

/**
 * Carries out a command on a job's ledger. Throws the refusals of `decide`, STALE_ATTEMPT when the claim is lost, and
 * BUS_UNREACHABLE.
 */
export async function handleCommand(
  deps: LedgerDeps,
  jobId: string,
  command: JobCommand,
  more: CommandExtras = {},
  known?: Known,
): Promise<Handled> {
  if (known !== undefined) {
    const handled = await carryOutOn(known, deps, jobId, command, more);
    if (handled !== undefined) return handled;
  }
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts += 1) {
    const before = await deps.events.load(jobId);
    const events = decide(command, before?.job, deps.clock.now(), before?.heldMs);
    if (events.length === 0 && before) return { job: before.job, events, head: before.head };
    const handled = await append(deps, jobId, before, events, more);
    if (handled !== undefined) return handled;
  }
  throw new AgenticoreError('INTERNAL', `Job ${jobId} changed too often to be written.`);
}

/** Undefined when what is known may be out of date: then it neither refuses the command nor calls it done. */
async function carryOutOn(
  known: Known,
  deps: LedgerDeps,
  jobId: string,
  command: JobCommand,
  more: CommandExtras,
): Promise<Handled | undefined> {
  let events: readonly JobEvent[];
  try {
    events = decide(command, known.job, deps.clock.now());
  } catch (error) {
    if (error instanceof AgenticoreError) return undefined;
    throw error;
  }
  return events.length === 0 ? undefined : append(deps, jobId, known, events, more);
}

/** Undefined when the ledger has grown meanwhile. Throws STALE_ATTEMPT when the claim is lost. */
async function append(
  deps: LedgerDeps,
  jobId: string,
  before: StoredJob | undefined,
  events: readonly JobEvent[],
  more: CommandExtras,
): Promise<Handled | undefined> {
  const transition = transitionOf(jobId, before, events, deps.hash, more);
  const result = await deps.events.append(transition);
  if (result.kind === 'unclaimed') throw new AgenticoreError('STALE_ATTEMPT');
  if (result.kind !== 'appended') return undefined;
  const { job, head } = transition.after;
  return { job, head, events, next: result.next && returnable(deps, result.next) };
}

/** For how long an attempt that has started is handed back to a bus that is away: not to be heard costs it. */
const HAND_BACK_MS = 10_000;

/** The claim as its holder may put it back, whether its attempt has started with it or not. */
export function returnable(deps: LedgerDeps, claim: Claim): Claim {
  const { jobId, started, token } = claim;
  if (started === undefined) return claim;
  const { attempt } = started.job;
  const outcome = { kind: 'handed-back' } as const;
  const handBack = { type: 'EndAttempt', attempt, outcome, jitter: 0 } as const;

  async function release(): Promise<void> {
    const [over, giveUp] = [new AbortController(), new AbortController()];
    void deps.clock.sleep(HAND_BACK_MS, over.signal).then(() => giveUp.abort());
    try {
      await persist(deps.clock, giveUp.signal, () =>
        handleCommand(deps, jobId, handBack, { claim: token }, started),
      );
    } catch (error) {
      if (!isOvertaken(error)) throw error;
    } finally {
      over.abort();
    }
  }
  return { ...claim, release };
}

/** The transition that appends `events` behind `before`, with everything that follows from the new state. */
export function transitionOf(
  jobId: string,
  before: StoredJob | undefined,
  events: readonly JobEvent[],
  hash: Hash,
  { answer, request, idempotency, claim, nextFor }: CommandExtras = {},
): Transition {
  const tail = { version: before?.job.version ?? 0, head: before?.head() ?? GENESIS };
  const { records, lines, head } = chainEvents(events, tail, hash);
  const job = events.reduce<Job | undefined>(evolve, before?.job);
  if (job === undefined) throw new Error('a transition needs at least one event');
  return {
    jobId,
    expectedVersion: tail.version,
    records,
    lines,
    after: { job, head },
    before: before?.job.status,
    placement: placementChange(before?.job, job),
    deadLetter: deadLetterChange(before?.job, job),
    callback: callbackChange(before?.job, job),
    answer,
    request,
    idempotency,
    claim,
    nextFor,
  };
}

function deadLetterChange(before: Job | undefined, after: Job): Transition['deadLetter'] {
  const was = before !== undefined && isDeadLetter(before);
  if (was === isDeadLetter(after)) return 'none';
  return was ? 'remove' : 'add';
}

function callbackChange(before: Job | undefined, after: Job): Transition['callback'] {
  const dueAt = after.callback?.dueAt;
  if (dueAt === before?.callback?.dueAt) return 'same';
  return dueAt === undefined ? 'settled' : { dueAt };
}

// What the process holds in memory of all jobs: a projection of the ledgers and nothing else, so that nothing can
// disagree with them.
import { isDeadLetter, type Job } from '../../../domain/job.js';
import { type PlacementChange, repoOf } from '../../../domain/placement.js';
import type { Transition } from '../../../ports/event-log.js';
import type { StoredJob } from '../../../ports/stored-job.js';
import type { KeptJob } from '../disk/kept-job.js';
import { eventEntries, type LedgerLine } from '../disk/ledger-file.js';
import type { LoadedJob } from '../disk/load-jobs.js';
import { type Admission, createAdmission } from './admission.js';
import { type Bells, createBells } from './bells.js';
import { type CursorSource, createCursorSource } from './cursors.js';
import { createDirectLeases, type DirectLeases } from './direct-leases.js';
import { createDueCallbacks, type DueCallbacks } from './due-callbacks.js';
import { createFleetStream, FLEET_EVENTS, type FleetStream } from './fleet-stream.js';
import { createIdempotencyKeys, type IdempotencyKeys } from './idempotency-keys.js';
import { createJobLists, type JobLists } from './job-lists.js';
import { createLanes, type Lanes } from './lanes.js';
import { createSerial, createTurnstile, type Serial } from './serial.js';
import { createUpkeep, type Upkeep } from './upkeep.js';

export interface BusState {
  readonly jobsDir: string;
  readonly trashDir: string;
  readonly now: () => number;
  readonly jobs: Map<string, KeptJob>;
  readonly lists: JobLists;
  readonly lanes: Lanes;
  readonly leases: DirectLeases;
  readonly upkeep: Upkeep;
  readonly callbacks: DueCallbacks;
  readonly admission: Admission;
  /** Jobs that used up their attempts and that nobody has seen to. */
  readonly deadLetters: Set<string>;
  readonly keys: IdempotencyKeys;
  readonly fleet: FleetStream;
  readonly bells: Bells;
  readonly cursors: CursorSource;
  readonly serial: Serial;
  readonly inTurn: ReturnType<typeof createTurnstile>;
  /** Throws when this process may no longer write: BUS_UNREACHABLE after close, BUS_LOCKED when the lock is lost. */
  assertWritable(): void;
}

export interface StateOptions extends Pick<BusState, 'jobsDir' | 'trashDir' | 'now' | 'assertWritable'> {
  readonly leaseMs: number;
  readonly maxPerRepo: number;
}

/** Folds what was found on disk. */
export function createBusState(
  { leaseMs, maxPerRepo, ...options }: StateOptions,
  found: readonly LoadedJob[],
): BusState {
  const cursors = createCursorSource(options.now);
  const jobs = new Map(found.map(({ job }) => [job.id, job]));
  const admission = createAdmission(maxPerRepo, options.now);
  const repoOfId = (jobId: string): string | undefined => {
    const job = jobs.get(jobId)?.stored.job;
    return job && repoOf(job);
  };
  const state: BusState = {
    ...options,
    jobs,
    admission,
    deadLetters: new Set(),
    lists: createJobLists(),
    upkeep: createUpkeep(),
    callbacks: createDueCallbacks(),
    lanes: createLanes({ leaseMs, admission, repoOf: repoOfId }),
    leases: createDirectLeases(leaseMs),
    keys: createIdempotencyKeys(),
    fleet: restoredFleet(found),
    bells: createBells(),
    cursors,
    serial: createSerial(),
    inTurn: createTurnstile(),
  };
  for (const loaded of found) file(state, loaded);
  for (const { job } of found) if (job.stored.job.status === 'running') restoreRunning(state, job);
  for (const { job } of found) if (job.stored.job.status === 'queued') restoreWaiting(state, job);
  return state;
}

function file(state: BusState, { job, lines, lastCursor }: LoadedJob): void {
  state.jobs.set(job.id, job);
  state.cursors.saw(lastCursor);
  state.lists.move(undefined, job.stored.job);
  state.upkeep.file(job.stored.job);
  state.callbacks.file(job.stored.job);
  if (isDeadLetter(job.stored.job)) state.deadLetters.add(job.id);
  for (const { idempotency } of lines) if (idempotency) state.keys.put({ ...idempotency, jobId: job.id });
}

/** Shows a job that was on another bus and lies on this disk now. */
export function adopt(state: BusState, loaded: LoadedJob): void {
  file(state, loaded);
  const { status } = loaded.job.stored.job;
  if (status === 'running') restoreRunning(state, loaded.job);
  if (status === 'queued') restoreWaiting(state, loaded.job);
  state.bells.ring({ kind: 'job', jobId: loaded.job.id });
}

/** The newest lines of all ledgers in one order. The cursors of a line follow each other: lines never interleave. */
function restoredFleet(found: readonly LoadedJob[]): FleetStream {
  const lines = found
    .flatMap(({ job, lines }) => lines.map((line) => ({ jobId: job.id, line, at: placeOf(line.cursors[0]) })))
    .sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1]);
  const older = lines[lines.length - FLEET_EVENTS - 1];
  const fleet = createFleetStream(older?.line.cursors.at(-1));
  for (const { jobId, line } of lines.slice(-FLEET_EVENTS)) fleet.push(eventEntries(line, jobId));
  return fleet;
}

function placeOf(cursor = '0-0'): readonly [number, number] {
  const [ms = 0, n = 0] = cursor.split('-').map(Number);
  return [ms, n];
}

function restoreRunning({ lanes, leases }: BusState, { id, stored: { job } }: KeptJob): void {
  if (job.direct) leases.orphan(id, job.attempt);
  else lanes.placeOrphan(id, job.order.lane);
}

/** `found` comes in the order of last change, so that lanes are again oldest first. */
function restoreWaiting({ lanes, now }: BusState, { id, stored: { job } }: KeptJob): void {
  const { lane } = job.order;
  const until = job.nextAttemptAt;
  const isDue = until === undefined || until <= now();
  // Nobody knows any more since when a job was held: the whole wait counts as held rather than let it expire.
  lanes.place(id, isDue ? { kind: 'enqueue', lane } : { kind: 'delay', lane, until }, job.queuedSince);
}

/** Shows a transition that is safe on disk, everywhere at once: one step, no await. */
export function publish(
  state: BusState,
  job: KeptJob,
  before: StoredJob | undefined,
  line: LedgerLine,
  {
    after,
    placement,
    deadLetter,
    callback,
  }: Pick<Transition, 'after' | 'placement' | 'deadLetter' | 'callback'>,
): void {
  const { head } = line;
  job.stored = { job: after.job, head: () => head };
  job.ledgerLength = job.ledger.length;
  job.lastEvent = line.cursors.at(-1) ?? job.lastEvent;
  job.answerFile = line.answer ?? job.answerFile;
  state.jobs.set(job.id, job);
  state.lists.move(before?.job, after.job);
  state.upkeep.file(after.job);
  state.callbacks.change(job.id, callback);
  if (line.idempotency) state.keys.put({ ...line.idempotency, jobId: job.id });
  place(state, after.job, placement);
  if (deadLetter === 'add') state.deadLetters.add(job.id);
  if (deadLetter === 'remove') state.deadLetters.delete(job.id);
  state.fleet.push(eventEntries(line, job.id));
  state.bells.ring({ kind: 'job', jobId: job.id });
  state.bells.ring({ kind: 'fleet' });
}

/** Forgets a job that is no longer on disk. */
export function forget(state: BusState, { id, stored }: KeptJob): void {
  state.jobs.delete(id);
  state.lists.move(stored.job, undefined);
  state.upkeep.forget(id);
  state.callbacks.forget(id);
  state.deadLetters.delete(id);
  place(state, stored.job, { kind: 'remove', lane: stored.job.order.lane });
}

/** A direct attempt has its place among the leases, and none in a lane. */
function place({ lanes, leases }: BusState, { id, attempt }: Job, change: PlacementChange): void {
  if (change.kind === 'lease') leases.begin(id, attempt);
  else if (change.kind !== 'remove' || !leases.end(id)) lanes.place(id, change);
}

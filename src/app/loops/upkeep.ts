// What time alone does to jobs: ends those that waited longer than their queue TTL, forgets what was said in ended ones
// after their feed TTL, and everything after their TTL - record, feed, and the directory with Claude's session. Looks only
// at jobs whose time has come, however many wait.
import { hasExpired } from '../../domain/decide.js';
import { isCode } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import { hasOutlived, isFeedOver, recordKeptUntil, upkeepAt } from '../../domain/upkeep.js';
import type { UpkeepNote } from '../../ports/event-log.js';
import type { JobDirectories } from '../../ports/job-directories.js';
import { handleCommand, type LedgerDeps } from '../handle-command.js';
import { type TrimBus, trimJob } from '../trim-job.js';
import { every, type LoopDeps } from './every.js';

const BATCH = 200;
/** Those refused are asked for again with each pass. */
const MAX_REFUSED = 5000;
const INTERVAL_MS = 5000;
/** A job whose upkeep went wrong is left alone for this long, so that it never stands before the others. */
const TROUBLE_MS = 600_000;

export interface UpkeepDeps extends LedgerDeps {
  readonly directories: JobDirectories;
  readonly bus: TrimBus;
}

/** Looks every five seconds until the signal aborts. */
export function upkeepLoop(deps: LoopDeps & UpkeepDeps, signal: AbortSignal): Promise<void> {
  const last: Pass = { refused: 0 };
  return every(deps, 'upkeep', INTERVAL_MS, () => keepUp(deps, last, signal), signal);
}

interface Pass {
  /** How many of those that are due the bus, which is full, would not have changed: they stand before all others. */
  refused: number;
}

/** One pass; true when there may be more that is due. */
async function keepUp(deps: LoopDeps & UpkeepDeps, last: Pass, signal: AbortSignal): Promise<boolean> {
  const now = deps.clock.now();
  const limit = BATCH + Math.min(last.refused, MAX_REFUSED);
  const due = await deps.events.upkeepDue(now, limit);
  const seen: UpkeepNote[] = [];
  last.refused = 0;
  let refusal: unknown;
  for (const note of due) {
    if (signal.aborted) break;
    try {
      if (await lookOrPutOff(deps, note, now)) seen.push(note);
    } catch (error) {
      // A bus that is full takes nothing, but lets us take away: what is behind this job may make room for it.
      if (!isCode(error, 'BUS_UNREACHABLE') || !(await doesAnswer(deps, note.jobId))) throw error;
      refusal = error;
      last.refused += 1;
    }
  }
  await deps.events.dropUpkeep(seen); // those of a pass that was broken off are looked at again, which does no harm
  if (refusal !== undefined) throw refusal;
  return due.length === limit && !signal.aborted;
}

const doesAnswer = ({ events }: UpkeepDeps, jobId: string): Promise<boolean> =>
  events.load(jobId).then(
    () => true,
    (error: unknown) => !isCode(error, 'BUS_UNREACHABLE'),
  );

/** What cannot be dealt with is left alone for a while. False when it has to be looked at once more. */
async function lookOrPutOff(deps: LoopDeps & UpkeepDeps, note: UpkeepNote, now: number): Promise<boolean> {
  const { jobId } = note;
  try {
    return await look(deps, note, now);
  } catch (error) {
    if (isCode(error, 'BUS_UNREACHABLE')) throw error;
    if (isCode(error, 'JOB_NOT_FOUND')) return true; // another process was faster
    await deps.events.putOffUpkeep(jobId, now, now + TROUBLE_MS);
    deps.log('upkeep.failed', { job_id: jobId, error: String(error) }, 'error');
    return true;
  }
}

async function look(
  deps: LoopDeps & UpkeepDeps,
  { jobId, isOnly }: UpkeepNote,
  now: number,
): Promise<boolean> {
  const stored = await deps.events.load(jobId);
  if (stored === undefined || hasOutlived(stored.job, now)) {
    await deps.directories.remove(jobId);
    await deps.events.remove(jobId);
  } else if (isFeedOver(stored.job, now)) {
    return forgetFeed(deps, stored.job, now);
  } else if (hasExpired(stored.job, now, stored.heldMs)) {
    await handleCommand(deps, jobId, { type: 'ExpireJob' });
  } else if (stored.job.status === 'queued' || isOnly) {
    // It was held by its repository's limit, which does not count; or it was looked at before its time.
    await deps.events.putOffUpkeep(jobId, now, upkeepAt(stored.job, stored.heldMs) ?? now + TROUBLE_MS);
  } // else it has changed since this was noted down, and that again
  return true;
}

async function forgetFeed(
  { bus, events, hash, log }: LoopDeps & UpkeepDeps,
  job: Job,
  now: number,
): Promise<boolean> {
  if (await trimJob(bus, hash, job)) log('feed.trimmed', { job_id: job.id });
  else if ((await bus.custody.trimMark(job.id)) === undefined) return false; // it changed meanwhile
  await events.putOffUpkeep(job.id, now, recordKeptUntil(job));
  return true;
}

// A cancel may be written by anybody anywhere; the attempt follows its own ledger to see it.
import { isCode } from '../../domain/errors.js';
import { isTerminal } from '../../domain/job.js';
import type { Clock } from '../../ports/clock.js';
import type { EventLog } from '../../ports/event-log.js';
import type { Feed } from '../../ports/feed.js';

/** Looks again this often even when nothing rings: a doorbell may be lost, a cancel must not. */
const RECHECK_MS = 15_000;
/** The doorbell also rings for every message of claude; between two looks lies at least this. */
const LOOK_GAP_MS = 100;

interface WatchDeps {
  readonly events: EventLog;
  readonly feed: Feed;
  readonly clock: Clock;
}

/** Calls `onCancel` once when a cancel was requested for the job; resolves when `over` aborts. */
export async function watchCancel(
  deps: WatchDeps,
  jobId: string,
  onCancel: () => void,
  over: AbortSignal,
): Promise<void> {
  let wake = new AbortController();
  const unwatch = await watchWhenPossible(deps, jobId, () => wake.abort(), over);
  over.addEventListener('abort', () => wake.abort(), { once: true });
  while (!over.aborted) {
    wake = new AbortController();
    if (await mustStop(deps.events, jobId)) {
      onCancel();
      break;
    }
    await deps.clock.sleep(RECHECK_MS, wake.signal);
    await deps.clock.sleep(LOOK_GAP_MS, over);
  }
  unwatch();
}

async function mustStop(events: EventLog, jobId: string): Promise<boolean> {
  try {
    const stored = await events.load(jobId);
    return stored === undefined || stored.job.cancelRequested || isTerminal(stored.job.status);
  } catch (error) {
    if (!isCode(error, 'BUS_UNREACHABLE')) throw error;
    return false;
  }
}

async function watchWhenPossible(
  deps: WatchDeps,
  jobId: string,
  ring: () => void,
  over: AbortSignal,
): Promise<() => void> {
  while (!over.aborted) {
    try {
      return await deps.feed.watch({ kind: 'job', jobId }, ring);
    } catch (error) {
      if (!isCode(error, 'BUS_UNREACHABLE')) throw error;
      await deps.clock.sleep(1000, over);
    }
  }
  return () => {};
}

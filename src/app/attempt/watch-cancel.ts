// A cancel may be written by anybody anywhere; the attempt follows its own ledger to see it.
import { isCode } from '../../domain/errors.js';
import { isTerminal } from '../../domain/job.js';
import type { Clock } from '../../ports/clock.js';
import type { EventLog } from '../../ports/event-log.js';
import type { Feed } from '../../ports/feed.js';
import { keepWatch } from '../keep-watch.js';

/** Looks again this often even when nothing rings: a doorbell may be lost, a cancel must not. */
const RECHECK_MS = 5_000;
/** The first look comes with the watch; this long it may take to begin. */
const FIRST_LOOK_MS = 1_000;
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
  const done = new AbortController();
  let wake = new AbortController();
  const onOver = (): void => {
    done.abort();
    wake.abort();
  };
  over.addEventListener('abort', onOver, { once: true });
  const watch = (ring: () => void) => deps.feed.watch({ kind: 'job', jobId }, ring);
  // Beside the looks, not before them: a bus that cannot be watched may still be read.
  const watching = keepWatch(deps.clock, watch, () => wake.abort(), done.signal);
  await deps.clock.sleep(FIRST_LOOK_MS, wake.signal);
  while (!over.aborted) {
    wake = new AbortController();
    if (await mustStop(deps.events, jobId)) {
      onCancel();
      break;
    }
    await deps.clock.sleep(RECHECK_MS, wake.signal);
    await deps.clock.sleep(LOOK_GAP_MS, over);
  }
  over.removeEventListener('abort', onOver);
  done.abort();
  await watching;
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

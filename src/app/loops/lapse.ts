// Ends the turns that ran where they came in, and whose process is gone: nobody takes them over, so somebody says so.
import { type ErrorCode, isCode, messageOf } from '../../domain/errors.js';
import type { CommandQueue, LapsedAttempt } from '../../ports/command-queue.js';
import { handleCommand, type LedgerDeps } from '../handle-command.js';
import { every, type LoopDeps } from './every.js';

const BATCH = 100;
const INTERVAL_MS = 2000;

export interface LapseDeps extends LoopDeps, LedgerDeps {
  readonly queue: CommandQueue;
}

/** Looks every two seconds until the signal aborts. */
export function lapseLoop(deps: LapseDeps, signal: AbortSignal): Promise<void> {
  const look = async (): Promise<boolean> => {
    const lapsed = await deps.queue.lapsedDirect(BATCH);
    const ended = await Promise.all(lapsed.map((one) => end(deps, one)));
    return ended.length === BATCH && ended.includes(true);
  };
  return every(deps, 'lapse', INTERVAL_MS, look, signal);
}

/** Another process, or the turn itself, was faster. */
const OVERTAKEN: readonly ErrorCode[] = ['JOB_ENDED', 'STALE_ATTEMPT', 'JOB_NOT_FOUND'];

/** True when it was ended here. One that cannot be ended is said, and tried again. */
async function end(deps: LapseDeps, { jobId, attempt }: LapsedAttempt): Promise<boolean> {
  try {
    await handleCommand(deps, jobId, { type: 'LoseAttempt', attempt });
  } catch (error) {
    if (isCode(error, 'BUS_UNREACHABLE')) throw error;
    if (!OVERTAKEN.some((code) => isCode(error, code)))
      deps.log('lapse.failed', { job_id: jobId, error: messageOf(error) }, 'error');
    return false;
  }
  deps.log('turn.lost', { job_id: jobId, attempt }, 'warn');
  return true;
}

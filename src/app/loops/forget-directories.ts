// Takes away what ended jobs left on this host when another one forgot their records: sessions, marked spools.
import { isCode, messageOf } from '../../domain/errors.js';
import type { EventLog } from '../../ports/event-log.js';
import type { JobDirectories } from '../../ports/job-directories.js';
import { every, type LoopDeps } from './every.js';

const INTERVAL_MS = 3_600_000;

export interface ForgetDirectoriesDeps extends LoopDeps {
  readonly events: EventLog;
  readonly directories: JobDirectories;
  /**
   * A directory of a job that the bus does not know stays for this long after its last attempt: a bus that is empty by
   * mistake must not cost the evidence on the spot.
   */
  readonly graceMs: number;
}

/** Looks every hour until the signal aborts. */
export function forgetDirectoriesLoop(deps: ForgetDirectoriesDeps, signal: AbortSignal): Promise<void> {
  const look = async (): Promise<boolean> => {
    for (const jobId of await deps.directories.untouched(deps.clock.now() - deps.graceMs)) {
      if (signal.aborted) return false;
      await forgetUnknown(deps, jobId);
    }
    return false;
  };
  return every(deps, 'forget-directories', INTERVAL_MS, look, signal);
}

/** What cannot be removed now, or is of a job that cannot be read, is tried again in an hour; it is no reason for the server to stop. */
async function forgetUnknown(
  { events, directories, log }: ForgetDirectoriesDeps,
  jobId: string,
): Promise<void> {
  try {
    if ((await events.load(jobId)) !== undefined) return;
    await directories.remove(jobId);
    log('job_directory.forgotten', { job_id: jobId });
  } catch (error) {
    if (isCode(error, 'BUS_UNREACHABLE')) throw error;
    log('job_directory.kept', { job_id: jobId, error: messageOf(error) }, 'warn');
  }
}

// A job as those look at it who care for many: one whose ledger is damaged must not keep them from the others.
import { isCode } from '../domain/errors.js';
import type { EventLog } from '../ports/event-log.js';
import type { StoredJob } from '../ports/stored-job.js';

/** `damaged` when its ledger cannot be read; undefined when there is no such job. Throws BUS_UNREACHABLE. */
export async function lookAtJob(
  events: Pick<EventLog, 'load'>,
  jobId: string,
): Promise<StoredJob | 'damaged' | undefined> {
  try {
    return await events.load(jobId);
  } catch (error) {
    if (isCode(error, 'BUS_CORRUPT')) return 'damaged';
    throw error;
  }
}

// What was known of a job at an earlier version: its ledger, folded that far.
import { AgenticoreError } from '../../domain/errors.js';
import { eventOf } from '../../domain/evidence.js';
import { evolve, type Job } from '../../domain/job.js';
import type { EventLog } from '../../ports/event-log.js';

/**
 * The job after its first `version` events, or after all of them. Throws JOB_NOT_FOUND, or INVALID_REQUEST when it
 * never had that many.
 */
export async function jobAt(events: EventLog, jobId: string, version?: number): Promise<Job> {
  const records = await events.read(jobId);
  if (version !== undefined) assertReached(records.length, version);
  const job = records.slice(0, version).map(eventOf).reduce<Job | undefined>(evolve, undefined);
  if (job === undefined) throw new AgenticoreError('JOB_NOT_FOUND');
  return job;
}

/** Throws INVALID_REQUEST when a job of this many events has no such version. */
export function assertReached(events: number, version: number): void {
  if (version > events && events > 0)
    throw new AgenticoreError('INVALID_REQUEST', `The job has ${events} events so far, not ${version}.`);
}

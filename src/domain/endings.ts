// Which events end a job, and in which status.
import type { JobStatus } from './job.js';
import type { JobEvent } from './job-event.js';

const ENDINGS: ReadonlyMap<string, JobStatus> = new Map<JobEvent['type'], JobStatus>([
  ['JobSucceeded', 'succeeded'],
  ['JobFailed', 'failed'],
  ['JobCancelled', 'cancelled'],
  ['JobExpired', 'expired'],
]);

/** The status in which an event of this type ends its job; undefined for all others. */
export const endingOf = (eventType: string): JobStatus | undefined => ENDINGS.get(eventType);

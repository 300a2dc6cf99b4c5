// Which events end a job, and in which status; which of them come after that.
import type { CallbackEvent } from './callback.js';
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

/** An event of a job that has ended: it stands in the ledger and the fleet stream, and not in the feed of the job. */
export type Afterword = 'DeadLetterClosed' | CallbackEvent['type'];

const AFTERWORDS: ReadonlySet<string> = new Set<Afterword>([
  'DeadLetterClosed',
  'CallbackDelivered',
  'CallbackFailed',
  'CallbackAsked',
]);

/** True for events that come after the end. */
export const isAfterword = (eventType: string): boolean => AFTERWORDS.has(eventType);

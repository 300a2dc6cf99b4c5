// Keys that callers give with a request, so that asking again after an answer was lost begins nothing anew.
import { AgenticoreError } from '../domain/errors.js';
import type { Job } from '../domain/job.js';
import type { EventLog, IdempotencyClaim, TakenKey } from '../ports/event-log.js';

/** The Idempotency-Key of a caller, scoped by who calls, and the hash of what is asked with it. */
export type RequestKey = Pick<IdempotencyClaim, 'key' | 'digest'>;

const KEY_TTL_MS = 24 * 60 * 60_000;

/** The key, as it is taken in the step that accepts the request. */
export const claimOf = (key: RequestKey): IdempotencyClaim => ({ ...key, ttlMs: KEY_TTL_MS });

/** The job that a taken key began. Throws IDEMPOTENCY_MISMATCH, JOB_NOT_FOUND, BUS_UNREACHABLE. */
export async function jobOfKey(events: EventLog, taken: TakenKey, digest: string | undefined): Promise<Job> {
  if (taken.digest !== digest) throw new AgenticoreError('IDEMPOTENCY_MISMATCH');
  const stored = await events.load(taken.jobId);
  if (stored === undefined)
    throw new AgenticoreError(
      'JOB_NOT_FOUND',
      'The job of this Idempotency-Key was removed after its ttl; nothing was begun. To have it done again, send another key.',
    );
  return stored.job;
}

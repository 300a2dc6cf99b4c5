// The view of a job as Redis keeps it: the order, written once, and the rest of the state, written at each transition.
import { AgenticoreError } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import type { JobOrder } from '../../domain/job-event.js';
import type { StoredJob } from '../../ports/event-log.js';
import { asText } from './reply.js';

/** What to HMGET for `storedJob`. */
export const VIEW_FIELDS = ['order', 'state', 'head', 'heldSince', 'heldMs'] as const;

/** The job of these fields; undefined when they are not there. Throws BUS_CORRUPT when they cannot be read. */
export function storedJob(jobId: string, fields: readonly unknown[]): StoredJob | undefined {
  const [order, state, head, heldSince, heldMs] = fields;
  if (typeof order !== 'string' || typeof state !== 'string') return undefined;
  const subject = `the view of job ${jobId}`;
  const jobOrder: JobOrder = parseStored(order, subject);
  const rest: Omit<Job, 'order'> = parseStored(state, subject);
  const stored = { job: { ...rest, order: jobOrder }, head: asText(head) };
  if (typeof heldSince === 'string')
    return { ...stored, heldMs: Math.max(0, Date.now() - Number(heldSince)) };
  return typeof heldMs === 'string' ? { ...stored, heldMs: Number(heldMs) } : stored;
}

/** Parses what we wrote; throws BUS_CORRUPT, naming the subject, when somebody damaged it. */
export function parseStored<T>(text: string, subject: string): T {
  try {
    return JSON.parse(text);
  } catch {
    throw new AgenticoreError('BUS_CORRUPT', `The bus holds something else than JSON in ${subject}.`);
  }
}

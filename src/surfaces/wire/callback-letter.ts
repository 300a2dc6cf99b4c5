// What a callback carries: what happened, when, and what a caller who asks would get.
import type { Job } from '../../domain/job.js';
import { isoTime, jobJson } from './job-json.js';

/** Of `<type>.<how it ended>`, as JSON. */
export const letterJson = (type: string, at: number, data: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ type, timestamp: isoTime(at), data });

/** The letter of a job: what GET /jobs/{id} says of it, but for the callback itself. */
export const jobLetter = (job: Job, output: string | undefined): string =>
  letterJson(`job.${job.status}`, job.endedAt ?? 0, { ...jobJson(job, output), callback: undefined });

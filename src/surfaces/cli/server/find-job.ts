// People copy the first characters of an id: finds the job they mean among the newest.
import { AgenticoreError } from '../../../domain/errors.js';

const FULL_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const PREFIX = /^[0-9a-f][0-9a-f-]{2,35}$/i;
const TOO_SHORT = /^[0-9a-f]{1,2}$/i;
/** As many as the server lists at once. */
const NEWEST = 200;

/** Whoever can list jobs, newest first: the server, or the bus itself. */
export interface JobLister {
  list(query: { readonly limit: number }): Promise<{ readonly jobs: readonly { readonly id: string }[] }>;
}

/**
 * The full id of the job whose id is, or begins with, `id` (at least three characters; among the newest 200).
 * Throws JOB_NOT_FOUND when there is none, INVALID_REQUEST when there are several.
 */
export async function findJobId(lister: JobLister, id: string): Promise<string> {
  if (FULL_ID.test(id)) return id.toLowerCase();
  if (!PREFIX.test(id)) {
    const why = TOO_SHORT.test(id)
      ? 'is too short for a job id; give three characters at least'
      : 'is no job id';
    throw new AgenticoreError('INVALID_REQUEST', `"${id}" ${why}; \`agenticore jobs\` lists them.`);
  }
  const { jobs } = await lister.list({ limit: NEWEST });
  const meant = jobs.filter((job) => job.id.startsWith(id.toLowerCase()));
  const [job, another] = meant;
  if (job === undefined) {
    throw new AgenticoreError(
      'JOB_NOT_FOUND',
      `None of the newest ${NEWEST} jobs has an id that begins with ${id}.`,
    );
  }
  if (another !== undefined) {
    throw new AgenticoreError(
      'INVALID_REQUEST',
      `${meant.length} jobs begin with ${id}; give more of the id.`,
    );
  }
  return job.id;
}

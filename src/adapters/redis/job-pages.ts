// Lists of jobs, newest first, page by page.
import { AgenticoreError, isCode, messageOf } from '../../domain/errors.js';
import type { Job, JobStatus } from '../../domain/job.js';
import type { JobPage, JobQuery } from '../../ports/event-log.js';
import type { Log } from '../../ports/log.js';
import type { StoredJob } from '../../ports/stored-job.js';
import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import { asList, asText } from './reply.js';
import { runScript } from './scripts.js';
import { readJob } from './stored.js';

interface Place {
  readonly createdAt: string;
  readonly jobId: string;
}

/** Told of a job whose ledger cannot be read. */
export type Unreadable = (jobId: string, why: string) => void;

/** Logs each such job once: lists are asked for often. */
export function createUnreadable(log: Log): Unreadable {
  const told = new Set<string>();
  return (jobId, error) => {
    if (told.has(jobId)) return;
    told.add(jobId);
    log('bus.ledger_unreadable', { job_id: jobId, error }, 'error');
  };
}

/**
 * A page of jobs; those whose ledger cannot be read are left out, for they must not keep the others from whoever looks.
 * Throws INVALID_REQUEST for a `before` that is no cursor of ours.
 */
export async function listJobs(
  connection: Connection,
  keys: Keys,
  query: JobQuery,
  unreadable: Unreadable,
): Promise<JobPage> {
  const before = query.before === undefined ? undefined : parseCursor(query.before);
  const index = query.status === undefined ? keys.jobs : keys.index(query.status);
  return connection.ask(async (redis) => {
    const args = [query.limit + 1, before?.createdAt ?? '', before?.jobId ?? ''];
    const found = places(asList(await runScript(redis, 'page', [index], args)));
    const page = found.slice(0, query.limit);
    const readable = (jobId: string): Promise<StoredJob | undefined> =>
      readJob(redis, keys, jobId).catch((error: unknown) => {
        if (!isCode(error, 'BUS_CORRUPT')) throw error;
        unreadable(jobId, messageOf(error));
        return undefined;
      });
    const stored = await Promise.all(page.map(({ jobId }) => readable(jobId)));
    const last = page.at(-1);
    return {
      jobs: stored.flatMap((one) => listed(one?.job, query.status)),
      next: found.length > page.length && last ? cursorOf(last) : undefined,
    };
  });
}

/** Nothing when the job cannot be read, or has been removed, or has left the status, since the index was read. */
function listed(job: Job | undefined, status?: JobStatus): Job[] {
  return job === undefined || (status !== undefined && job.status !== status) ? [] : [job];
}

function places(reply: readonly unknown[]): Place[] {
  const found: Place[] = [];
  for (let i = 0; i < reply.length; i += 2) {
    found.push({ jobId: asText(reply[i]), createdAt: asText(reply[i + 1]) });
  }
  return found;
}

const cursorOf = ({ createdAt, jobId }: Place): string => `${createdAt}:${jobId}`;

function parseCursor(cursor: string): Place {
  const [, createdAt, jobId] = /^(\d{1,16}):(.+)$/s.exec(cursor) ?? [];
  if (createdAt === undefined || jobId === undefined) {
    throw new AgenticoreError('INVALID_REQUEST', 'This page cursor is not one of ours; begin without it.');
  }
  return { createdAt, jobId };
}

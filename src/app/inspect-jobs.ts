// Reading jobs and asking them to stop; what every surface offers besides submitting.
import { AgenticoreError } from '../domain/errors.js';
import { isTerminal, JOB_STATUSES, type Job, type JobStatus } from '../domain/job.js';
import type { EventLog, JobPage, JobQuery } from '../ports/event-log.js';
import type { Feed } from '../ports/feed.js';
import type { Workspaces } from '../ports/workspace.js';
import { createBell } from './bell.js';
import { handleCommand, type LedgerDeps } from './handle-command.js';

/** A job with the text of its final answer. */
export interface JobWithAnswer {
  readonly job: Job;
  readonly answer: string | undefined;
}

/** Throws JOB_NOT_FOUND. */
export async function getJob(events: EventLog, jobId: string): Promise<JobWithAnswer> {
  const stored = await events.load(jobId);
  if (stored === undefined) throw new AgenticoreError('JOB_NOT_FOUND');
  return { job: stored.job, answer: stored.job.answer ? await events.answer(jobId) : undefined };
}

/** Newest first. Throws INVALID_REQUEST on a malformed cursor. */
export const listJobs = (events: EventLog, query: JobQuery): Promise<JobPage> => events.list(query);

/** How many jobs there are, in one status or in all. */
export async function countJobs(events: EventLog, status?: JobStatus): Promise<number> {
  const statuses = status === undefined ? JOB_STATUSES : [status];
  const counts = await Promise.all(statuses.map((one) => events.count(one)));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Cancels a waiting job at once, asks a running one to stop wherever it runs, leaves an ended one as it is. */
export async function cancelJob(deps: LedgerDeps, jobId: string, by: string): Promise<Job> {
  return (await handleCommand(deps, jobId, { type: 'RequestCancel', by })).job;
}

/** Has the end of a job told once more, from now on. Throws JOB_NOT_FOUND, JOB_NOT_ENDED, CALLBACK_NOT_FOUND. */
export async function askForCallback(deps: LedgerDeps, jobId: string, by: string): Promise<Job> {
  return (await handleCommand(deps, jobId, { type: 'AskForCallback', by })).job;
}

/** Resolves with the job when it ends or when the signal aborts, whichever is first. Throws JOB_NOT_FOUND. */
export async function waitForEnd(
  deps: { readonly events: EventLog; readonly feed: Feed },
  jobId: string,
  signal: AbortSignal,
): Promise<Job> {
  const bell = createBell();
  signal.addEventListener('abort', bell.ring, { once: true });
  const unwatch = await deps.feed.watch({ kind: 'job', jobId }, bell.ring);
  try {
    for (;;) {
      const { job } = await getJob(deps.events, jobId);
      if (isTerminal(job.status) || signal.aborted) return job;
      await bell.rung();
    }
  } finally {
    signal.removeEventListener('abort', bell.ring);
    unwatch();
  }
}

/** Unified diff of what the job changed. Throws JOB_NOT_FOUND or DIFF_NOT_FOUND. */
export async function diffOfJob(
  deps: {
    readonly events: EventLog;
    readonly workspaces: Workspaces;
    readonly redact: (text: string) => string;
  },
  jobId: string,
): Promise<string> {
  const { job } = await getJob(deps.events, jobId);
  const base = job.workspace?.baseOid;
  const { repoUrl } = job.order;
  if (repoUrl === undefined || base === undefined || job.commit === undefined)
    throw new AgenticoreError('DIFF_NOT_FOUND');
  const diff = await deps.workspaces.diff({ jobId, repoUrl, base, head: job.commit });
  if (diff === undefined)
    throw new AgenticoreError('DIFF_NOT_FOUND', 'The commits of this job are not on this host.');
  // Claude may have written down what it saw of the server's own: that is nobody's who may read a job.
  return deps.redact(diff);
}

// What people do with jobs that used up their attempts: submit one once more, or drop it.
import { AgenticoreError } from '../../domain/errors.js';
import { isDeadLetter, type Job } from '../../domain/job.js';
import { handleCommand, type LedgerDeps } from '../handle-command.js';
import { type AgainDeps, submitAgain } from '../submit-job.js';

/**
 * Submits the job of a dead letter once more, with its task or an edited one, and closes the letter. However often it
 * is asked, and wherever it is cut short, there is one new job. Throws JOB_NOT_FOUND, and what submitting throws.
 */
export async function requeueLetter(deps: AgainDeps, jobId: string, by: string, task?: string): Promise<Job> {
  const letter = await findLetter(deps, jobId);
  const again = await submitAgain(deps, letter, task, { idempotencyKey: `requeued ${jobId}` });
  await handleCommand(deps, jobId, { type: 'CloseDeadLetter', by, fate: 'requeued', retriedAs: again.id });
  return again;
}

/** Closes the letter. Throws JOB_NOT_FOUND. */
export async function dropLetter(deps: LedgerDeps, jobId: string, by: string): Promise<void> {
  await findLetter(deps, jobId);
  await handleCommand(deps, jobId, { type: 'CloseDeadLetter', by, fate: 'dropped' });
}

async function findLetter({ events }: LedgerDeps, jobId: string): Promise<Job> {
  const job = (await events.load(jobId))?.job;
  if (job === undefined) throw new AgenticoreError('JOB_NOT_FOUND');
  if (isDeadLetter(job)) return job;
  throw new AgenticoreError(
    'JOB_NOT_FOUND',
    'This job is no dead letter: it did not use up its attempts, or was seen to.',
  );
}

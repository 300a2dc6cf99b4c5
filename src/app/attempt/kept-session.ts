// What an earlier attempt left unfinished, looked for before the bench is opened: is its session here, and is it sure
// that nobody works on it any more?
import type { Job } from '../../domain/job.js';
import type { AttemptDeps } from './attempt.js';

export interface KeptSession {
  /** The attempt that opened the worktree the session belongs to. */
  readonly origin: number;
  readonly sessionId: string;
  /** Absolute path of its file. */
  readonly path: string;
}

/** The session that the attempt may resume if it gets the worktree too; undefined when it must start afresh. */
export async function findKeptSession(deps: AttemptDeps, job: Job): Promise<KeptSession | undefined> {
  const left = job.unfinished;
  if (left?.sessionId === undefined) return undefined;
  const { origin, sessionId } = left;
  try {
    const path = await deps.directories.findSession(sessionId);
    if (path === undefined) return undefined;
    if (await deps.agent.endLeftovers(job.id, left.path)) return { origin, sessionId, path };
    deps.log('session.not_resumed', { job_id: job.id, why: 'an earlier attempt may still run' }, 'warn');
  } catch (error) {
    deps.log('session.not_resumed', { job_id: job.id, why: String(error) }, 'warn');
  }
  return undefined;
}

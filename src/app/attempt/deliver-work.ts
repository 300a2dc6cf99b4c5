// Third phase: what was done becomes a commit, the commit, if its profile's guard lets it leave, a pushed branch, the
// branch a pull request.
import { AgenticoreError } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import type { Profile } from '../../domain/profile.js';
import { leftoverCommitMessage, pullRequestBody, pullRequestTitle } from '../../domain/pull-request.js';
import type { Workspace } from '../../ports/workspace.js';
import { type Attempt, type AttemptDeps, isOvertaken, persist } from './attempt.js';
import { guardWork } from './guard-work.js';

/** Delivers the workspace's work; a job that changed nothing has nothing to deliver. */
export async function deliverWork(
  deps: AttemptDeps,
  attempt: Attempt,
  workspace: Workspace,
  { autoPr, guard }: Profile,
): Promise<void> {
  const { job, signal } = attempt;
  const message = deps.redact(leftoverCommitMessage(job));
  const { oid, leftUncommitted } = await workspace.commit(message, signal);
  if (oid === undefined) return;
  await attempt.report([{ type: 'CommitReady', oid, leftUncommitted }]);
  await guardWork(deps, attempt, workspace, guard, oid);
  await confirmClaim(deps, attempt);
  await workspace.push(signal);
  const { job: pushed } = await attempt.report([{ type: 'BranchPushed', branch: workspace.branch, oid }]);
  if (autoPr) await openPullRequest(deps, attempt, workspace, pushed);
}

/**
 * Before each effect outside: a worker that lost its claim must not push or open anything. Nobody knows while the bus
 * is away, so it is waited for.
 */
async function confirmClaim({ clock }: AttemptDeps, { claim, signal }: Attempt): Promise<void> {
  if (!(await persist(clock, signal, () => claim.extend()))) throw new AgenticoreError('STALE_ATTEMPT');
}

/** A pull request that fails after a good push is a field of the job, not its failure. */
async function openPullRequest(
  deps: AttemptDeps,
  attempt: Attempt,
  workspace: Workspace,
  job: Job,
): Promise<void> {
  const { repoUrl, task } = job.order;
  const host = deps.codeHosts.find((candidate) => repoUrl !== undefined && candidate.serves(repoUrl));
  if (host === undefined || repoUrl === undefined) return;
  const answer = job.answer
    ? await persist(deps.clock, attempt.signal, () => deps.events.answer(job.id))
    : undefined;
  const order = {
    repoUrl,
    branch: workspace.branch,
    base: workspace.baseRef,
    title: pullRequestTitle(task),
    body: pullRequestBody(job, answer),
  };
  await confirmClaim(deps, attempt);
  try {
    const { url, existed } = await host.openPullRequest(order, attempt.signal);
    await attempt.report([{ type: 'PullRequestOpened', url, existed }]);
  } catch (error) {
    if (!(error instanceof AgenticoreError) || isOvertaken(error)) throw error;
    await attempt.report([{ type: 'PullRequestFailed', error: error.message }]);
  }
}

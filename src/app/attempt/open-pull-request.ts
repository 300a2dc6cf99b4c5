// The last step of a delivery: the pushed branch gets a pull request where its repository's host has them.
import { AgenticoreError } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import type { Profile } from '../../domain/profile.js';
import { pullRequestText } from '../../domain/pull-request.js';
import type { PullRequestOrder } from '../../ports/code-host.js';
import type { Workspace } from '../../ports/workspace.js';
import { isOvertaken } from '../overtaken.js';
import { persist } from '../persist.js';
import { type Attempt, type AttemptDeps, confirmClaim } from './attempt.js';
import { withoutSecrets } from './without-secrets.js';

/** Opens it, or finds the one there is; `task` is without secrets. One that fails after a good push is a field of the job, not its failure. */
export async function openPullRequest(
  deps: AttemptDeps,
  attempt: Attempt,
  workspace: Workspace,
  profile: Profile,
  task: string,
): Promise<void> {
  const { repoUrl } = attempt.job.order;
  const host = deps.codeHosts.find((candidate) => repoUrl !== undefined && candidate.serves(repoUrl));
  if (host === undefined || repoUrl === undefined) return;
  const order = { repoUrl, ...(await orderOf(deps, attempt, workspace, profile, task)) };
  await confirmClaim(deps, attempt);
  try {
    const { shortfalls, ...opened } = await host.openPullRequest(order, attempt.signal);
    const lacks = shortfalls.length === 0 ? {} : { shortfalls: shortfalls.map(deps.redact) };
    await attempt.report([{ type: 'PullRequestOpened', ...opened, ...lacks }]);
  } catch (error) {
    if (!(error instanceof AgenticoreError) || isOvertaken(error)) throw error;
    await attempt.report([{ type: 'PullRequestFailed', error: deps.redact(error.message) }]);
  }
}

async function orderOf(
  deps: AttemptDeps,
  attempt: Attempt,
  workspace: Workspace,
  { guard, pullRequest: policy }: Profile,
  task: string,
): Promise<Omit<PullRequestOrder, 'repoUrl'>> {
  const { branch, baseRef } = workspace;
  const worked = await findWorked(deps, attempt);
  const [answer, template] = await Promise.all([
    worked.answer && persist(deps.clock, attempt.signal, () => deps.events.answer(worked.id)),
    policy.body === undefined ? workspace.pullRequestTemplate() : undefined,
  ]);
  const summary = answer && (await withoutSecrets(deps, guard, answer, attempt.signal));
  const verification = (worked.verification?.commands ?? []).map(({ command, exitCode }) => ({
    command,
    passed: exitCode === 0,
  }));
  const facts = { task, summary, verification, baseRef, template };
  const { draft, labels, reviewers, assignees } = policy;
  return {
    branch,
    base: baseRef,
    ...pullRequestText(worked, facts, policy),
    ...{ draft, labels, reviewers, assignees },
  };
}

/** The job whose work it is: this one, or the earlier one that it delivers, while there is a record of that. */
async function findWorked(deps: AttemptDeps, attempt: Attempt): Promise<Job> {
  const { job } = attempt.latest();
  const { delivers } = job.order;
  if (delivers === undefined) return job;
  const stored = await persist(deps.clock, attempt.signal, () => deps.events.load(delivers.jobId));
  return stored?.job ?? job;
}

// Third phase: what was done becomes a commit, the commit, if its profile's guard lets it leave, a pushed branch, the
// branch a pull request.
import { AgenticoreError } from '../../domain/errors.js';
import type { Profile } from '../../domain/profile.js';
import { leftoverCommitMessage } from '../../domain/pull-request.js';
import type { Workspace } from '../../ports/workspace.js';
import { type Attempt, type AttemptDeps, confirmClaim } from './attempt.js';
import { untilRoom } from './await-room.js';
import { guardWork } from './guard-work.js';
import { openPullRequest } from './open-pull-request.js';
import { withoutSecrets } from './without-secrets.js';

/** Delivers the workspace's work; a job that changed nothing has nothing to deliver. */
export async function deliverWork(
  deps: AttemptDeps,
  attempt: Attempt,
  workspace: Workspace,
  profile: Profile,
): Promise<void> {
  const { job, signal } = attempt;
  const { autoPr, guard } = profile;
  const task = await withoutSecrets(deps, guard, job.order.task, signal);
  const message = leftoverCommitMessage(job.id, task);
  const commit = () => workspace.commit(message, signal);
  const { oid, leftUncommitted } = await untilRoom(deps, attempt, commit);
  if (oid === undefined) {
    if (job.order.delivers) throw new AgenticoreError('WORK_NOT_FOUND');
    return;
  }
  await attempt.report([{ type: 'CommitReady', oid, leftUncommitted }]);
  await guardWork(deps, attempt, workspace, guard, oid);
  await confirmClaim(deps, attempt);
  await workspace.push(signal);
  await attempt.report([{ type: 'BranchPushed', branch: workspace.branch, oid }]);
  if (autoPr) await openPullRequest(deps, attempt, workspace, profile, task);
}

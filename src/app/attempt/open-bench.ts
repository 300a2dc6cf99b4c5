// First phase: a private place to work in, with the profile laid out beside it.
import type { Profile } from '../../domain/profile.js';
import { branchOf } from '../../domain/pull-request.js';
import type { JobDirectory } from '../../ports/job-directories.js';
import type { MaterialisedProfile } from '../../ports/profile-store.js';
import type { Workspace } from '../../ports/workspace.js';
import type { Attempt, AttemptDeps } from './attempt.js';

export interface Bench {
  readonly directory: JobDirectory;
  readonly profile: Profile;
  readonly materialised: MaterialisedProfile;
  /** Undefined for a job without a repository. */
  readonly workspace: Workspace | undefined;
  /** Where claude works. */
  readonly cwd: string;
}

/** Opens workspace and profile, and says so in the ledger. What it opened, closeBench closes. */
export async function openBench(deps: AttemptDeps, attempt: Attempt): Promise<Bench> {
  const { job, signal } = attempt;
  const { id: jobId, order } = job;
  const directory = await deps.directories.prepare(jobId);
  const profile = await deps.profiles.load(order.profile);
  const materialised = await deps.profiles.materialise(order.profile, directory.configDir, order.filePath);
  const workspace =
    order.repoUrl === undefined
      ? undefined
      : await deps.workspaces.open(
          {
            jobId,
            repoUrl: order.repoUrl,
            branch: branchOf(jobId),
            ...(order.baseRef === undefined ? {} : { baseRef: order.baseRef }),
            ...(job.commit === undefined ? {} : { resumeFrom: job.commit }),
          },
          signal,
        );
  const bench = { directory, profile, materialised, workspace, cwd: workspace?.path ?? directory.emptyDir };
  try {
    await attempt.report([
      {
        type: 'WorkspaceOpened',
        path: bench.cwd,
        configDir: directory.configDir,
        ...(workspace
          ? { branch: workspace.branch, baseRef: workspace.baseRef, baseOid: workspace.baseOid }
          : {}),
      },
    ]);
  } catch (error) {
    await closeBench(deps, jobId, workspace);
    throw error;
  }
  return bench;
}

/** Takes the bench down; a failure is logged, because the sweep at the next start repeats it. */
export async function closeBench(
  deps: AttemptDeps,
  jobId: string,
  workspace: Workspace | undefined,
): Promise<void> {
  const results = await Promise.allSettled([workspace?.close(), deps.directories.tidy(jobId)]);
  for (const result of results) {
    if (result.status === 'rejected')
      deps.log('bench.close_failed', { job_id: jobId, error: String(result.reason) }, 'warn');
  }
}

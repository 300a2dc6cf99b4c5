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

/** Opens workspace and profile side by side, and says so in the ledger. What it opened, closeBench closes. */
export async function openBench(deps: AttemptDeps, attempt: Attempt): Promise<Bench> {
  const opening = openWorkspace(deps, attempt);
  try {
    const { job } = attempt;
    const profile = await deps.profiles.load(job.order.profile);
    const directory = await deps.directories.prepare(job.id);
    const { configDir } = directory;
    const materialised = await deps.profiles.materialise(profile.name, configDir, job.order.filePath);
    const workspace = await opening;
    const cwd = workspace?.path ?? directory.emptyDir;
    const place = workspace && {
      branch: workspace.branch,
      baseRef: workspace.baseRef,
      baseOid: workspace.baseOid,
    };
    await attempt.report([{ type: 'WorkspaceOpened', path: cwd, configDir, ...place }]);
    return { directory, profile, materialised, workspace, cwd };
  } catch (error) {
    const workspace = await opening.catch(() => undefined);
    await closeBench(deps, attempt.job.id, workspace);
    throw error;
  }
}

async function openWorkspace(deps: AttemptDeps, { job, signal }: Attempt): Promise<Workspace | undefined> {
  const { repoUrl, baseRef } = job.order;
  if (repoUrl === undefined) return undefined;
  const order = {
    jobId: job.id,
    repoUrl,
    branch: branchOf(job.id),
    ...(baseRef === undefined ? {} : { baseRef }),
    ...(job.commit === undefined ? {} : { resumeFrom: job.commit }),
    ownCommits: [job.commit, job.pushedOid].filter((oid) => oid !== undefined),
  };
  return deps.workspaces.open(order, signal);
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

// First phase: a private place to work in, with the profile laid out beside it.
import type { Profile } from '../../domain/profile.js';
import { branchOf } from '../../domain/pull-request.js';
import type { JobDirectory } from '../../ports/job-directories.js';
import type { MaterialisedProfile } from '../../ports/profile-store.js';
import type { Workspace } from '../../ports/workspace.js';
import type { Attempt, AttemptDeps } from './attempt.js';
import { findKeptSession, type KeptSession } from './kept-session.js';

export interface Bench {
  readonly directory: JobDirectory;
  readonly profile: Profile;
  readonly materialised: MaterialisedProfile;
  /** Undefined for a job without a repository. */
  readonly workspace: Workspace | undefined;
  /** Where claude works. */
  readonly cwd: string;
  /** The session to go on with, when the workspace is the one it was left in. */
  readonly session: KeptSession | undefined;
}

/** Opens the workspace and lays out the profile, and says so in the ledger. What it opened, closeBench closes. */
export async function openBench(deps: AttemptDeps, attempt: Attempt): Promise<Bench> {
  const { job } = attempt;
  const profile = await deps.profiles.load(job.order.profile);
  // What a job asks for counts more than what its profile says.
  const opening = openWorkspace(deps, attempt, job.order.baseRef ?? profile.pullRequest.base);
  // Awaited below; until then a rejection must not count as unhandled, which would end the worker.
  opening.catch(() => {});
  try {
    const directory = await deps.directories.prepare(job.id, attempt.number);
    const { configDir } = directory;
    const trusted = profile.trustRepository ? (await opening).workspace : undefined;
    const materialised = await deps.profiles.materialise(profile.name, configDir, {
      ...(trusted === undefined ? {} : { trustedRepository: trusted.path }),
      ...(job.order.filePath === undefined ? {} : { extraMcpFile: job.order.filePath }),
    });
    const { workspace, session } = await opening;
    const cwd = workspace?.path ?? directory.emptyDir;
    const kept = workspace?.kept ?? false;
    const place = workspace && {
      branch: workspace.branch,
      baseRef: workspace.baseRef,
      baseOid: workspace.baseOid,
    };
    await attempt.report([{ type: 'WorkspaceOpened', path: cwd, configDir, kept, ...place }]);
    return { directory, profile, materialised, workspace, cwd, session };
  } catch (error) {
    const workspace = await opening.then(
      (opened) => opened.workspace,
      () => undefined,
    );
    // What an earlier attempt has left may be of use to a later one; should there be none, the sweep takes it away.
    await (workspace?.kept ? keepBench : closeBench)(deps, attempt, workspace);
    throw error;
  }
}

type Opened = Pick<Bench, 'workspace' | 'session'>;

async function openWorkspace(
  deps: AttemptDeps,
  { job, number, signal }: Attempt,
  baseRef: string | undefined,
): Promise<Opened> {
  const { repoUrl } = job.order;
  if (repoUrl === undefined) return { workspace: undefined, session: undefined };
  const session = await findKeptSession(deps, job);
  const order = {
    jobId: job.id,
    repoUrl,
    branch: job.order.delivers?.branch ?? branchOf(job.id),
    attempt: number,
    ...(session === undefined ? {} : { goOnFrom: session.origin }),
    ...(baseRef === undefined ? {} : { baseRef }),
    ...(job.commit === undefined ? {} : { resumeFrom: job.commit }),
    ownCommits: [job.commit, job.pushedOid].filter((oid) => oid !== undefined),
  };
  const workspace = await deps.workspaces.open(order, signal);
  return { workspace, session: workspace.kept ? session : undefined };
}

/** Takes the bench down; a failure is logged, because the next sweep repeats it. */
export const closeBench = (deps: AttemptDeps, attempt: Attempt, workspace: Workspace | undefined) =>
  leave(deps, attempt, workspace?.close());

/** Leaves the worktree as it is to whoever goes on in it. */
export const keepBench = (deps: AttemptDeps, attempt: Attempt, workspace: Workspace | undefined) =>
  leave(deps, attempt, workspace?.keep());

async function leave(
  deps: AttemptDeps,
  { job, number }: Attempt,
  leaving: Promise<void> | undefined,
): Promise<void> {
  const results = await Promise.allSettled([leaving, deps.directories.tidy(job.id, number)]);
  for (const result of results) {
    if (result.status === 'rejected')
      deps.log('workspace.close_failed', { job_id: job.id, error: String(result.reason) }, 'warn');
  }
}

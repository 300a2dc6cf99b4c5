// Nothing that claude did is lost with the worktree: before it goes, what is neither the result nor known otherwise is
// put under `refs/agenticore/<job id>/left-<n>` of the mirror, uncommitted files included.
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../ports/log.js';
import { adminDirOf, type Bench, placeOf } from './bench.js';
import { type Identity, writeCommit } from './commit-work.js';
import { localFailure } from './failure.js';
import { changeRefs, keptRefs, leftNames, listRefs, type RefRow, removeRefAt, resultRef } from './refs.js';
import type { GitPlace, RunGit } from './run-git.js';
import { openFolders, stageAll } from './stage-all.js';
import { readThroughIndex, readWorktree, type WorktreeState } from './worktree-state.js';

interface KeepDeps {
  readonly git: RunGit;
  readonly author: Identity;
  readonly log: Log;
}

const MESSAGE = 'Keep what was left in the worktree\n\nIt is no part of the result of the job.';

/** Keeps what is not kept yet and removes the job's branch from the mirror. Throws WORKSPACE_FAILED when it cannot. */
export async function keepWork(deps: KeepDeps, bench: Bench): Promise<void> {
  const { git, log } = deps;
  const { mirror, jobId, branch, baseOid } = bench;
  const ref = `refs/heads/${branch}`;
  const found = (await isGone(bench)) ? undefined : await look(git, bench);
  if (found !== undefined && (await isAllKnown(git, bench, found))) return;
  const rows = await listRefs(git, mirror, [ref, keptRefs(jobId)]);
  const tip = rows.find(({ name }) => name === ref)?.oid;
  const left = found && (await snapshot(deps, bench, found, tip));
  const candidates = [left?.oid, left?.parents.includes(tip ?? '') ? undefined : tip].filter(
    (oid) => oid !== undefined,
  );
  const unknown: string[] = [];
  for (const oid of new Set(candidates)) {
    if (oid !== baseOid && !(await isKept(git, bench, oid, rows))) unknown.push(oid);
  }
  const names = leftNames(jobId, rows, unknown.length);
  const kept = names.map((name, index) => ({ name, oid: unknown[index] }));
  const removed = tip === undefined ? [] : [{ name: ref, oid: undefined }];
  await changeRefs(git, mirror, [...kept, ...removed]);
  for (const { name, oid } of kept) log('workspace.work_kept', { job_id: jobId, ref: name, oid }, 'warn');
}

/** Claude may have deleted the worktree itself; then only its commits are left. */
const isGone = (bench: Bench): Promise<boolean> =>
  readdir(bench.path).then(
    () => false,
    () => true,
  );

interface Found {
  readonly state: WorktreeState;
  /** Those that claude filled. */
  readonly submodules: readonly string[];
}

async function look(git: RunGit, bench: Bench): Promise<Found> {
  const state = await readWorktree(git, bench); // first, because it mends
  return { state, submodules: await findSubmodules(git, bench) };
}

/**
 * The usual end, in one step: true when nothing is left but the branch, at the base or at the result, and it was
 * removed as such.
 */
async function isAllKnown(git: RunGit, bench: Bench, { state, submodules }: Found): Promise<boolean> {
  const { mirror, jobId, branch, baseOid } = bench;
  const { head, isDirty } = state;
  if (head === undefined || state.branch !== branch || isDirty || submodules.length > 0) return false;
  const keeper = head === baseOid ? undefined : resultRef(jobId);
  return removeRefAt(git, mirror, `refs/heads/${branch}`, head, keeper);
}

async function isKept(git: RunGit, bench: Bench, oid: string, rows: readonly RefRow[]): Promise<boolean> {
  const prefix = `${keptRefs(bench.jobId)}/`;
  if (rows.some((row) => row.oid === oid && row.name.startsWith(prefix))) return true;
  const places = [keptRefs(bench.jobId), 'refs/remotes/origin', 'refs/tags'];
  const args = ['for-each-ref', '--count=1', `--contains=${oid}`, '--format=%(refname)', ...places];
  const result = await git({ args, place: bench.mirror.place });
  return result.exitCode === 0 && result.stdout.length > 0;
}

interface Snapshot {
  readonly oid: string;
  /** Kept along with it. */
  readonly parents: readonly string[];
}

/** HEAD as it stands, or a commit on top of it with all that is uncommitted, conflict markers and all. */
async function snapshot(
  { git, author, log }: KeepDeps,
  bench: Bench,
  { state, submodules }: Found,
  tip: string | undefined,
): Promise<Snapshot | undefined> {
  if (!state.isDirty && submodules.length === 0)
    return state.head === undefined ? undefined : { oid: state.head, parents: [] };
  const indexFile = join(adminDirOf(bench), 'agenticore-index');
  await rm(indexFile, { force: true });
  await cp(join(adminDirOf(bench), 'index'), indexFile);
  const place = { ...placeOf(bench), indexFile };
  const seen = submodules.length === 0 ? state : await dissolveSubmodules(git, place, submodules);
  const { tree, unreadable } = await stageAll(git, place, seen);
  if (unreadable.length > 0)
    log('workspace.unreadable', { job_id: bench.jobId, files: unreadable.length }, 'warn');
  const parents = [state.head ?? tip ?? bench.baseOid, ...state.mergeHeads];
  return { oid: await writeCommit(git, bench, { tree, parents, message: MESSAGE, author }), parents };
}

/** Submodules that claude fetched: what it did in them is in no commit of ours, so their files are kept as files. */
async function findSubmodules(git: RunGit, bench: Bench): Promise<readonly string[]> {
  if (!(await readdir(adminDirOf(bench))).includes('modules')) return [];
  const result = await git({ args: ['ls-files', '--stage', '-z'], place: placeOf(bench) });
  if (result.exitCode !== 0) throw localFailure('list submodules', result);
  const entries = result.stdout.toString('latin1').split('\0');
  const links = entries
    .filter((entry) => entry.startsWith('160000 '))
    .map((entry) => entry.slice(entry.indexOf('\t') + 1));
  const filled = await Promise.all(
    links.map((path) => hasFiles(join(bench.path, Buffer.from(path, 'latin1').toString()))),
  );
  return links.filter((_, index) => filled[index]);
}

const hasFiles = (path: string): Promise<boolean> =>
  readdir(path).then(
    (names) => names.length > 0,
    () => false,
  );

async function dissolveSubmodules(
  git: RunGit,
  place: GitPlace,
  paths: readonly string[],
): Promise<WorktreeState> {
  const input = Buffer.from(paths.map((path) => `${path}\0`).join(''), 'latin1');
  const result = await git({ args: ['update-index', '--force-remove', '-z', '--stdin'], place, input });
  if (result.exitCode !== 0) throw localFailure('keep the content of submodules', result);
  await openFolders(
    git,
    place,
    paths.map((path) => `${path}/`),
  );
  return readThroughIndex(git, place);
}

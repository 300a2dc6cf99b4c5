// What claude left in a worktree, read as data: where HEAD is, what is uncommitted, what is unfinished. File names are
// bytes; they are kept as latin1 text, which loses none.
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adminDirOf, adminFiles, type Bench, dotGit, placeOf } from './bench.js';
import { ensureContent, readIfThere, removeFile } from './exclusive-file.js';
import { localFailure } from './failure.js';
import { closeTrustedDoor } from './mirror.js';
import { changeRefs, findCommit } from './refs.js';
import type { GitPlace, GitResult, RunGit } from './run-git.js';

export interface WorktreeState {
  /** Undefined on a branch without a commit. */
  readonly head: string | undefined;
  /** Undefined when HEAD is detached. */
  readonly branch: string | undefined;
  /** There is something to commit: changes, untracked files, or a merge that wants concluding. */
  readonly isDirty: boolean;
  /** The index itself differs from HEAD. */
  readonly isStaged: boolean;
  readonly conflicts: readonly string[];
  /** Files whose content is not in the index, submodules excepted. */
  readonly unstaged: readonly string[];
  /** Folders that are repositories of their own, known to nobody; with trailing slash. */
  readonly nested: readonly string[];
  /** Commits that a merge in progress brings in. */
  readonly mergeHeads: readonly string[];
  /** A rebase (or `git am`) that stopped half way. */
  readonly isRebasing: boolean;
}

/**
 * Submodules are compared by their commit alone: to look for changes in them, git would run inside them, obeying
 * their configuration, which is not ours.
 */
const STATUS = [
  'status',
  '--porcelain=v2',
  '--branch',
  '-z',
  '--untracked-files=all',
  '--ignore-submodules=dirty',
  '--no-renames',
];
const NOTHING_UNFINISHED = { isRebasing: false, mergeHeads: [] };

/** Reads the state, mending git's memory of the worktree first where it is damaged. Throws WORKSPACE_FAILED. */
export async function readWorktree(git: RunGit, bench: Bench, signal?: AbortSignal): Promise<WorktreeState> {
  const adminDir = adminDirOf(bench);
  await releaseLocks(bench);
  let result = await git({ args: STATUS, place: placeOf(bench), signal });
  if (result.exitCode !== 0) {
    await mend(git, bench, result, signal);
    result = await git({ args: STATUS, place: placeOf(bench), signal });
  }
  if (result.exitCode !== 0) throw localFailure('read the state of the worktree', result);
  return parseStatus(result.stdout.toString('latin1'), await readUnfinished(adminDir));
}

/** Reads the state of a worktree that needs no mending; undefined when it does. */
export async function readUntouched(
  git: RunGit,
  bench: Bench,
  signal?: AbortSignal,
): Promise<WorktreeState | undefined> {
  await releaseLocks(bench);
  const result = await git({ args: STATUS, place: placeOf(bench), signal });
  if (result.exitCode !== 0) return undefined;
  return parseStatus(result.stdout.toString('latin1'), await readUnfinished(adminDirOf(bench)));
}

/** Nobody works here any more: claude's git was killed in the middle of something. */
async function releaseLocks(bench: Bench): Promise<void> {
  const adminDir = adminDirOf(bench);
  const locks = [
    join(adminDir, 'index.lock'),
    join(adminDir, 'HEAD.lock'),
    join(bench.mirror.gitDir, `refs/heads/${bench.branch}.lock`),
  ];
  await Promise.all([closeTrustedDoor(bench.mirror), ...locks.map(removeFile)]);
}

/** The state as seen through the index of `place`, which need not be the worktree's own. */
export async function readThroughIndex(
  git: RunGit,
  place: GitPlace,
  signal?: AbortSignal,
): Promise<WorktreeState> {
  const result = await git({ args: STATUS, place, signal });
  if (result.exitCode !== 0) throw localFailure('read the state of the worktree', result);
  return parseStatus(result.stdout.toString('latin1'), NOTHING_UNFINISHED);
}

type Unfinished = Pick<WorktreeState, 'isRebasing' | 'mergeHeads'>;

async function readUnfinished(adminDir: string): Promise<Unfinished> {
  const names = await readdir(adminDir);
  const merge = names.includes('MERGE_HEAD') ? await readIfThere(join(adminDir, 'MERGE_HEAD')) : '';
  return {
    isRebasing: names.includes('rebase-merge') || names.includes('rebase-apply'),
    mergeHeads: (merge ?? '').split('\n').filter((line) => /^[0-9a-f]{40,64}$/.test(line)),
  };
}

function parseStatus(text: string, unfinished: Unfinished): WorktreeState {
  let head: string | undefined;
  let branch: string | undefined;
  let isStaged = false;
  const conflicts: string[] = [];
  const unstaged: string[] = [];
  const nested: string[] = [];
  for (const entry of text.split('\0')) {
    const [kind, ...fields] = entry.split(' ');
    const rest = (from: number): string => fields.slice(from).join(' ');
    if (kind === '#' && fields[0] === 'branch.oid' && fields[1] !== '(initial)') head = fields[1];
    if (kind === '#' && fields[0] === 'branch.head' && fields[1] !== '(detached)') branch = fields[1];
    if (kind === 'u') conflicts.push(rest(9));
    if (kind === '?') (entry.endsWith('/') ? nested : unstaged).push(rest(0));
    if (kind === '1') {
      const [change = '', submodule = ''] = fields;
      if (change[0] !== '.') isStaged = true;
      if (change[1] !== '.' && !submodule.startsWith('S')) unstaged.push(rest(7));
    }
  }
  const changes = conflicts.length + unstaged.length + nested.length;
  const isDirty = isStaged || changes > 0 || unfinished.mergeHeads.length > 0;
  return {
    head,
    branch,
    ...unfinished,
    isDirty,
    isStaged,
    conflicts,
    unstaged: [...conflicts, ...unstaged],
    nested,
  };
}

/** Rebuilds what git needs to know of the worktree; the files themselves are not touched. */
async function mend(git: RunGit, bench: Bench, failed: GitResult, signal?: AbortSignal): Promise<void> {
  const { mirror, branch, baseOid, path } = bench;
  const adminDir = adminDirOf(bench);
  const ref = `refs/heads/${branch}`;
  await mkdir(adminDir, { recursive: true });
  const { HEAD, ...files } = adminFiles(bench);
  for (const [name, text] of Object.entries(files)) await ensureContent(join(adminDir, name), text);
  const head = (await readIfThere(join(adminDir, 'HEAD'))) ?? '';
  if (!/^(ref: refs\/heads\/\S+|[0-9a-f]{40,64})\n?$/.test(head))
    await ensureContent(join(adminDir, 'HEAD'), HEAD ?? '');
  if ((await findCommit(git, mirror, ref, signal)) === undefined)
    await changeRefs(git, mirror, [{ name: ref, oid: baseOid }], signal);
  const noIndex = !(await readdir(adminDir)).includes('index');
  if (noIndex || /index/.test(failed.stderr)) {
    await rm(join(adminDir, 'index'), { recursive: true, force: true });
    const result = await git({ args: ['read-tree', 'HEAD'], place: placeOf(bench), signal });
    if (result.exitCode !== 0) throw localFailure('rebuild the index of the worktree', result);
  }
  await writeFile(join(path, '.git'), dotGit(bench)).catch(() => {}); // claude's own repository may be in its place
}

// Puts everything that is uncommitted into an index and makes a tree of it. Each path is named to git one by one: a
// sweeping `git add` would run git inside submodules and would replace a repository within the worktree by a mere link
// to a commit that nobody else has.
import { constants } from 'node:fs';
import { access, lstat } from 'node:fs/promises';
import { localFailure } from './failure.js';
import type { GitPlace, RunGit } from './run-git.js';
import { readThroughIndex, type WorktreeState } from './worktree-state.js';

export interface StagedTree {
  readonly tree: string;
  /** Files that could not be read. */
  readonly unreadable: readonly string[];
}

const MAX_NESTING = 20;
const EMPTY_BLOB = 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391';
/** Stands in the index for a folder's content, so that git looks into the folder although it is a repository. */
const FOOT_IN_THE_DOOR = '.agenticore-placeholder';

/** Stages what `state` found, nested repositories as ordinary files, and writes the tree. Throws WORKSPACE_FAILED. */
export async function stageAll(
  git: RunGit,
  place: GitPlace,
  found: WorktreeState,
  signal?: AbortSignal,
): Promise<StagedTree> {
  let state = found;
  for (let depth = 0; state.nested.length > 0 && depth < MAX_NESTING; depth += 1) {
    await openFolders(git, place, state.nested, signal);
    state = await readThroughIndex(git, place, signal);
  }
  const unreadable = await addPaths(git, place, state.unstaged, signal);
  const written = await git({ args: ['write-tree'], place, signal });
  if (written.exitCode !== 0) throw localFailure('write the tree', written);
  return { tree: written.stdout.toString().trim(), unreadable };
}

/** Lets git see into folders (with trailing slash) that it would otherwise take for one entry. */
export async function openFolders(
  git: RunGit,
  place: GitPlace,
  folders: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const input = latin1(folders.map((folder) => `100644 ${EMPTY_BLOB}\t${folder}${FOOT_IN_THE_DOOR}`));
  const result = await git({ args: ['update-index', '-z', '--index-info'], place, input, signal });
  if (result.exitCode !== 0) throw localFailure('look into nested repositories', result);
}

async function addPaths(
  git: RunGit,
  place: GitPlace,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  if (paths.length === 0) return [];
  const add = (input: Uint8Array) =>
    git({ args: ['update-index', '--add', '--remove', '--replace', '-z', '--stdin'], place, input, signal });
  const first = await add(latin1(paths));
  if (first.exitCode === 0) return [];
  const unreadable = await findUnreadable(place.workTree ?? '', paths);
  const second =
    unreadable.size === 0 ? first : await add(latin1(paths.filter((path) => !unreadable.has(path))));
  if (second.exitCode !== 0) throw localFailure('stage the changes', second);
  return [...unreadable];
}

async function findUnreadable(workTree: string, paths: readonly string[]): Promise<ReadonlySet<string>> {
  const unreadable = new Set<string>();
  for (const path of paths) {
    const absolute = Buffer.concat([Buffer.from(`${workTree}/`), Buffer.from(path, 'latin1')]);
    const found = await lstat(absolute).catch(() => undefined);
    if (
      found?.isFile() &&
      (await access(absolute, constants.R_OK).then(
        () => false,
        () => true,
      ))
    )
      unreadable.add(path);
  }
  return unreadable;
}

const latin1 = (lines: readonly string[]): Uint8Array =>
  Buffer.from(lines.map((line) => `${line}\0`).join(''), 'latin1');

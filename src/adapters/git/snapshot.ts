// The work as claude left it, noted before programs run in the worktree and put back after them. The note lies beside
// git's own files: when this process is killed meanwhile, whoever takes the worktree over puts it back.
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adminDirOf, type Bench, placeOf } from './bench.js';
import { unclear } from './commit-work.js';
import { readIfThere } from './exclusive-file.js';
import { localFailure } from './failure.js';
import { changeRefs } from './refs.js';
import type { GitPlace, RunGit } from './run-git.js';
import { stageAll } from './stage-all.js';
import { readWorktree, type WorktreeState } from './worktree-state.js';

interface Note extends Pick<WorktreeState, 'head' | 'branch'> {
  /** Every file that git does not ignore. */
  readonly tree: string;
}

/** Written last and removed last: without it there is no snapshot. */
const noteOf = (bench: Bench): string => join(adminDirOf(bench), 'agenticore-snapshot');
/** The index as claude left it. */
const indexBefore = (bench: Bench): string => join(adminDirOf(bench), 'agenticore-snapshot-index');
/** An index of `tree`. */
const placeOfAll = (bench: Bench): GitPlace => ({
  ...placeOf(bench),
  indexFile: join(adminDirOf(bench), 'agenticore-snapshot-all'),
});

/** Notes HEAD, index and files. Throws WORKSPACE_FAILED. */
export async function takeSnapshot(git: RunGit, bench: Bench, signal: AbortSignal): Promise<void> {
  const state = await readWorktree(git, bench, signal);
  const index = join(adminDirOf(bench), 'index');
  const place = placeOfAll(bench);
  for (const copy of [indexBefore(bench), place.indexFile ?? '']) await cp(index, copy, { force: true });
  const { tree, unreadable } = await stageAll(git, place, state, signal);
  if (unreadable.length > 0) throw unclear(bench, `${unreadable[0]} cannot be read`);
  const note: Note = { head: state.head, branch: state.branch, tree };
  await writeFile(noteOf(bench), JSON.stringify(note));
}

/** Puts back what was noted, if anything was. Throws WORKSPACE_FAILED. */
export async function restoreSnapshot(git: RunGit, bench: Bench): Promise<void> {
  const text = await readIfThere(noteOf(bench));
  if (text === undefined) return;
  const note: Note = JSON.parse(text);
  const state = await readWorktree(git, bench);
  if (state.head !== note.head || state.branch !== note.branch) await putHeadBack(git, bench, note);
  const place = placeOfAll(bench);
  for (const args of [
    ['read-tree', '--reset', '-u', note.tree],
    ['clean', '-ffdq'],
  ]) {
    const result = await git({ args, place });
    if (result.exitCode !== 0) throw localFailure('put the worktree back', result);
  }
  await cp(indexBefore(bench), join(adminDirOf(bench), 'index'), { force: true });
  for (const path of [indexBefore(bench), place.indexFile ?? '', noteOf(bench)])
    await rm(path, { force: true });
}

async function putHeadBack(git: RunGit, bench: Bench, { head, branch }: Note): Promise<void> {
  if (branch !== undefined)
    await changeRefs(git, bench.mirror, [{ name: `refs/heads/${branch}`, oid: head }]);
  const args =
    branch === undefined
      ? ['update-ref', '--no-deref', 'HEAD', head ?? '']
      : ['symbolic-ref', 'HEAD', `refs/heads/${branch}`];
  const result = await git({ args, place: placeOf(bench) });
  if (result.exitCode !== 0) throw localFailure('put HEAD back', result);
}

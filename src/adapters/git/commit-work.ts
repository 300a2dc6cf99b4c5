// What claude did becomes one commit on the job's branch, wherever claude left HEAD, kept under a ref of the mirror so
// that it survives the worktree. Where it is not clear what the work is, it is kept and the attempt fails with words.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AgenticoreError } from '../../domain/errors.js';
import { adminDirOf, type Bench, placeOf } from './bench.js';
import { localFailure } from './failure.js';
import { changeRefs, findCommit, keptRefs, resultRef } from './refs.js';
import type { RunGit } from './run-git.js';
import { stageAll } from './stage-all.js';
import { readWorktree, type WorktreeState } from './worktree-state.js';

export interface Identity {
  readonly name: string;
  readonly email: string;
}

export interface CommittedWork {
  /** The commit that is the work; the base when nothing was done. */
  readonly oid: string;
  /** True when there were uncommitted changes, which are in it now. */
  readonly leftUncommitted: boolean;
}

/** Commits and keeps the work. Throws WORKSPACE_FAILED when claude left something unfinished or ambiguous. */
export async function commitWork(
  git: RunGit,
  bench: Bench,
  message: string,
  author: Identity,
  signal: AbortSignal,
): Promise<CommittedWork> {
  const state = await readWorktree(git, bench, signal);
  refuseUnfinished(bench, state);
  const head = await chooseHead(git, bench, state, signal);
  // HEAD is somewhere in the past and all work is on the branch: nothing is to be committed, nothing to be moved.
  if (head !== state.head && !state.isDirty) {
    await changeRefs(git, bench.mirror, [{ name: resultRef(bench.jobId), oid: head }], signal);
    return { oid: head, leftUncommitted: false };
  }
  const committed = state.isDirty
    ? await commitTree(git, bench, { state, head, message, author }, signal)
    : undefined;
  const oid = committed ?? head;
  await attachHead(git, bench, state, signal);
  const names = [`refs/heads/${bench.branch}`, resultRef(bench.jobId)];
  await changeRefs(
    git,
    bench.mirror,
    names.map((name) => ({ name, oid })),
    signal,
  );
  if (committed !== undefined) await forgetOperation(bench);
  return { oid, leftUncommitted: committed !== undefined };
}

/** Nothing is pushed then; closing the workspace keeps it all. */
export const unclear = ({ jobId }: Bench, fault: string): AgenticoreError =>
  new AgenticoreError(
    'WORKSPACE_FAILED',
    `${fault}; nothing was pushed. What is there is kept in the repository cache under ${keptRefs(jobId)}/.`,
  );

function refuseUnfinished(bench: Bench, { conflicts, isRebasing }: WorktreeState): void {
  if (conflicts.length > 0) {
    const named = conflicts.slice(0, 3).map((path) => Buffer.from(path, 'latin1').toString());
    const more = conflicts.length > 3 ? ` and ${conflicts.length - 3} more` : '';
    throw unclear(bench, `Claude left unresolved conflicts in ${named.join(', ')}${more}`);
  }
  if (isRebasing) throw unclear(bench, 'Claude left a rebase half done');
}

/**
 * The commit that holds the work. Claude may have detached HEAD, made or renamed a branch: then it is where claude
 * stands, unless the job's branch has more. Work in two places is for a person to judge.
 */
async function chooseHead(
  git: RunGit,
  bench: Bench,
  { head, branch, isDirty }: WorktreeState,
  signal: AbortSignal,
): Promise<string> {
  if (head !== undefined && branch === bench.branch) return head;
  const tip = await findCommit(git, bench.mirror, `refs/heads/${bench.branch}`, signal);
  if (head === undefined) return tip ?? bench.baseOid;
  if (tip === undefined || tip === head || (await isAncestor(git, bench, tip, head, signal))) return head;
  if (!isDirty && (await isAncestor(git, bench, head, tip, signal))) return tip;
  throw unclear(
    bench,
    `Claude left work in two places, on ${bench.branch} and on ${branch ?? 'a detached HEAD'}`,
  );
}

async function isAncestor(
  git: RunGit,
  { mirror }: Bench,
  older: string,
  newer: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { exitCode } = await git({
    args: ['merge-base', '--is-ancestor', older, newer],
    place: mirror.place,
    signal,
  });
  return exitCode === 0;
}

interface CommitOrder {
  readonly state: WorktreeState;
  readonly head: string;
  readonly message: string;
  readonly author: Identity;
}

/** The new commit; undefined when the changes come to nothing (a touched file, an empty nested repository). */
async function commitTree(
  git: RunGit,
  bench: Bench,
  order: CommitOrder,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { state, head } = order;
  const { tree, unreadable } = await stageAll(git, placeOf(bench), state, signal);
  if (unreadable.length > 0) {
    const path = Buffer.from(unreadable[0] ?? '', 'latin1').toString();
    throw unclear(bench, `${path} cannot be read, so it cannot be committed`);
  }
  if (mayComeToNothing(state) && (await treeOf(git, bench, head, signal)) === tree) return undefined;
  return writeCommit(
    git,
    bench,
    { tree, parents: [head, ...state.mergeHeads], message: order.message, author: order.author },
    signal,
  );
}

/** Git compares contents: where nothing is staged, one file that differs from the index differs from HEAD. */
const mayComeToNothing = ({ mergeHeads, isStaged, unstaged }: WorktreeState): boolean =>
  mergeHeads.length === 0 && (isStaged || unstaged.length === 0);

async function treeOf(git: RunGit, { mirror }: Bench, commit: string, signal?: AbortSignal): Promise<string> {
  const result = await git({
    args: ['rev-parse', '--verify', `${commit}^{tree}`],
    place: mirror.place,
    signal,
  });
  if (result.exitCode !== 0) throw localFailure('read a commit', result);
  return result.stdout.toString().trim();
}

export interface CommitContent {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Identity;
}

/** Makes a commit object; no ref changes, no hook runs. */
export async function writeCommit(
  git: RunGit,
  { mirror }: Bench,
  content: CommitContent,
  signal?: AbortSignal,
): Promise<string> {
  const { tree, parents, message, author } = content;
  const args = ['commit-tree', tree, ...[...new Set(parents)].flatMap((parent) => ['-p', parent]), '-F', '-'];
  const env = {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_COMMITTER_NAME: author.name,
    GIT_COMMITTER_EMAIL: author.email,
  };
  const input = `${message.replaceAll('\0', '')}\n`;
  const result = await git({ args, place: mirror.place, env, input, signal });
  if (result.exitCode !== 0) throw localFailure('commit', result);
  return result.stdout.toString().trim();
}

/** Puts HEAD back on the job's branch; the files and the index already are what the branch is about to be. */
async function attachHead(
  git: RunGit,
  bench: Bench,
  { branch }: WorktreeState,
  signal: AbortSignal,
): Promise<void> {
  if (branch === bench.branch) return;
  const args = ['symbolic-ref', 'HEAD', `refs/heads/${bench.branch}`];
  const result = await git({ args, place: placeOf(bench), signal });
  if (result.exitCode !== 0) throw localFailure('return to the branch of the job', result);
}

/** A merge or cherry-pick that was just committed is over. */
async function forgetOperation(bench: Bench): Promise<void> {
  const names = [
    'MERGE_HEAD',
    'MERGE_MSG',
    'MERGE_MODE',
    'CHERRY_PICK_HEAD',
    'REVERT_HEAD',
    'SQUASH_MSG',
    'AUTO_MERGE',
  ];
  await Promise.all(names.map((name) => rm(join(adminDirOf(bench), name), { force: true })));
}

// From what the order says (a branch, a tag, a commit id, nothing) to the commit that the worktree starts from. Names
// are only looked up where a fetch put them, so that nothing made by claude in the mirror can stand in for them.
import { AgenticoreError } from '../../domain/errors.js';
import { localFailure, remoteFailure } from './failure.js';
import { type MirrorFetcher, REMOTE_COMMITS, REMOTE_HEAD } from './fetch-mirror.js';
import type { Mirror } from './mirror.js';
import { findCommit, type RefRow } from './refs.js';
import type { Remote } from './remote.js';

export interface Base {
  /** The branch, tag or commit as people name it. */
  readonly ref: string;
  readonly oid: string;
}

interface BaseDeps {
  readonly remote: Remote;
  readonly fetcher: MirrorFetcher;
}

const BRANCHES = 'refs/remotes/origin/';
const TAGS = 'refs/tags/';
const COMMIT_ID = /^[0-9a-f]{4,64}$/i;
const FULL_ID = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

const isDefault = (asked: string | undefined): asked is undefined | 'HEAD' =>
  asked === undefined || asked === 'HEAD';
const branchName = (asked: string): string => asked.replace(/^refs\/heads\//, '');
const tagName = (asked: string): string => asked.replace(/^refs\/tags\//, '');

/** The refs that `resolveBase` has to know. */
export const baseRefNames = (asked: string | undefined): readonly string[] =>
  isDefault(asked)
    ? [REMOTE_HEAD, 'refs/remotes/origin']
    : [BRANCHES + branchName(asked), TAGS + tagName(asked)];

/** Finds the base in a mirror that was just fetched; `rows` are its refs of `baseRefNames`. Throws BASE_REF_NOT_FOUND. */
export async function resolveBase(
  deps: BaseDeps,
  mirror: Mirror,
  asked: string | undefined,
  rows: readonly RefRow[],
  signal: AbortSignal,
): Promise<Base> {
  if (isDefault(asked)) return defaultBranch(deps.remote, mirror, rows, signal);
  const { git } = deps.remote;
  const [branch, tag] = [branchName(asked), tagName(asked)];
  const onBranch = rows.find(({ name }) => name === BRANCHES + branch);
  if (onBranch !== undefined && !asked.startsWith(TAGS)) return { ref: branch, oid: onBranch.oid };
  if (rows.some(({ name }) => name === TAGS + tag)) {
    const oid = await findCommit(git, mirror, TAGS + tag, signal);
    if (oid !== undefined) return { ref: tag, oid };
  }
  const oid = COMMIT_ID.test(asked)
    ? await commitOfRemote(deps, mirror, asked.toLowerCase(), signal)
    : undefined;
  if (oid !== undefined) return { ref: asked, oid };
  throw new AgenticoreError(
    'BASE_REF_NOT_FOUND',
    `"${asked}" is no branch, tag or commit of the repository: mend base_ref, or the profile's pull_request.base.`,
  );
}

/** The remote's HEAD: its commit came with the fetch, its branch is the one that points there. */
async function defaultBranch(
  remote: Remote,
  mirror: Mirror,
  rows: readonly RefRow[],
  signal: AbortSignal,
): Promise<Base> {
  const head = rows.find(({ name }) => name === REMOTE_HEAD);
  if (head === undefined) throw noDefaultBranch(rows);
  const known = rows.find(({ name }) => name === `${BRANCHES}HEAD`)?.symref;
  const there = rows.filter(
    ({ name, symref, oid }) => oid === head.oid && symref === '' && name.startsWith(BRANCHES),
  );
  // Usually one branch is there and needs no question; where several are, only the remote knows which one it means.
  const branch = there.length === 1 ? there[0]?.name : await askForHead(remote, mirror, signal);
  if (branch === undefined) return { ref: 'HEAD', oid: head.oid };
  if (branch !== known) {
    const args = ['symbolic-ref', `${BRANCHES}HEAD`, branch];
    await remote.git({ args, place: mirror.place, signal });
  }
  return { ref: branch.slice(BRANCHES.length), oid: head.oid };
}

async function askForHead(remote: Remote, mirror: Mirror, signal: AbortSignal): Promise<string | undefined> {
  const result = await remote.run(mirror, {
    args: ['ls-remote', '--symref', '--', mirror.url, 'HEAD'],
    signal,
  });
  if (result.exitCode !== 0) throw remoteFailure(result);
  const branch = /^ref: refs\/heads\/(.+)\tHEAD$/m.exec(result.stdout.toString())?.[1];
  return branch === undefined ? undefined : BRANCHES + branch;
}

function noDefaultBranch(rows: readonly RefRow[]): AgenticoreError {
  const branches = rows.filter(({ name }) => name.startsWith(BRANCHES) && name !== `${BRANCHES}HEAD`);
  const sentence =
    branches.length === 0
      ? 'The repository has no commit yet; push a first commit to it.'
      : "The repository's default branch does not exist yet; name another one in base_ref.";
  return new AgenticoreError('BASE_REF_NOT_FOUND', sentence);
}

/** A commit by full or abbreviated id, if it is on the remote; one that only claude made here does not count. */
async function commitOfRemote(
  { remote, fetcher }: BaseDeps,
  mirror: Mirror,
  id: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const oid = await uniqueCommit(remote, mirror, id, signal);
  if (oid !== undefined) return (await isOnRemote(remote, mirror, oid, signal)) ? oid : undefined;
  // Not on any branch or tag; many servers give it all the same when asked for the full id.
  if (!FULL_ID.test(id) || !(await fetcher.fetchCommit(mirror, id, signal))) return undefined;
  return findCommit(remote.git, mirror, id, signal);
}

async function uniqueCommit(
  remote: Remote,
  mirror: Mirror,
  id: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (FULL_ID.test(id)) return findCommit(remote.git, mirror, id, signal);
  // Only objects, where a plain look-up would prefer a branch of that name.
  const listed = await remote.git({
    args: ['rev-parse', `--disambiguate=${id}`],
    place: mirror.place,
    signal,
  });
  const objects = listed.stdout.toString().split('\n').filter(Boolean);
  const input = `${objects.join('\n')}\n`;
  const checked = await remote.git({
    args: ['cat-file', '--batch-check'],
    place: mirror.place,
    input,
    signal,
  });
  const commits = checked.stdout
    .toString()
    .split('\n')
    .filter((line) => line.split(' ')[1] === 'commit');
  if (commits.length > 1) {
    throw new AgenticoreError(
      'BASE_REF_NOT_FOUND',
      `base_ref "${id}" is the beginning of ${commits.length} commit ids; give more of it.`,
    );
  }
  return commits[0]?.split(' ')[0];
}

async function isOnRemote(
  remote: Remote,
  mirror: Mirror,
  oid: string,
  signal: AbortSignal,
): Promise<boolean> {
  const places = ['refs/remotes/origin', 'refs/tags', REMOTE_COMMITS];
  const args = ['for-each-ref', '--count=1', `--contains=${oid}`, '--format=%(refname)', ...places];
  const result = await remote.git({ args, place: mirror.place, signal });
  if (result.exitCode !== 0) throw localFailure('look up the base', result);
  return result.stdout.length > 0;
}

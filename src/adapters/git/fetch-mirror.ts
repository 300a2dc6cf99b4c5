// Brings a mirror up to date with its remote: one connection, under the repository's lock. Remote branches live under
// refs/remotes/origin, so that pruning can never touch the branch of a job.
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AgenticoreError, isCode } from '../../domain/errors.js';
import type { Log } from '../../ports/log.js';
import { exists } from '../host/exists.js';
import { localFailure, remoteFailure } from './failure.js';
import { clearAfterFetch } from './fetch-without-room.js';
import { healMirror, isDamaged } from './heal-mirror.js';
import { type Mirror, prepareMirror, removeStaleRefLocks } from './mirror.js';
import { LOCKED } from './refs.js';
import type { Remote } from './remote.js';
import type { Held, RepositoryLocks } from './repository-lock.js';
import type { GitResult } from './run-git.js';

/** Where the remote's HEAD is kept: the commit only, its branch is found by comparing. */
export const REMOTE_HEAD = 'refs/agenticore-origin/HEAD';
/** Commits fetched by their id alone. */
export const REMOTE_COMMITS = 'refs/agenticore-origin/commits';

export interface MirrorFetcher {
  /** Fetches branches, tags and HEAD. Throws REPOSITORY_* or WORKSPACE_FAILED. */
  fetch(mirror: Mirror, signal: AbortSignal): Promise<void>;
  /** Replaces what is damaged by what the remote has, and gives up refs that lead nowhere. */
  heal(mirror: Mirror, signal: AbortSignal): Promise<void>;
  /** Fetches one commit by its full id; false when the remote does not give it. */
  fetchCommit(mirror: Mirror, oid: string, signal: AbortSignal): Promise<boolean>;
}

interface FetcherDeps {
  readonly remote: Remote;
  readonly locks: RepositoryLocks;
  readonly log: Log;
}

const TIMEOUT_MS = 30 * 60_000;
const MAX_LOOSE_REFS = 100;
const OPTIONS = [
  '--quiet',
  '--no-write-fetch-head',
  '--no-auto-maintenance',
  '--no-recurse-submodules',
  '--no-tags',
];
/** All that comes is one file, however little it is: of a fetch that fails no other is left. */
const CONFIG = ['fetch.unpackLimit=1'];
const REFS = ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'];
const NO_HEAD = /couldn't find remote ref HEAD/i;

export function createMirrorFetcher({ remote, locks, log }: FetcherDeps): MirrorFetcher {
  const turns = new Map<string, number>();
  let clock = 0;
  return {
    async fetch(mirror, signal) {
      const asked = clock++;
      await locks.hold(mirror.lockPath, signal, async (held) => {
        // A fetch that began after we asked tells us all we want to know.
        if ((turns.get(mirror.key) ?? -1) > asked) return;
        const began = clock++;
        await prepareMirror(mirror, log);
        await clearing(mirror, fetchAll(remote, mirror, log, held));
        turns.set(mirror.key, began);
      });
    },
    heal: (mirror, signal) =>
      locks.hold(mirror.lockPath, signal, async (held) => {
        await prepareMirror(mirror, log);
        await clearing(mirror, heal(remote, mirror, log, held));
      }),
    fetchCommit: (mirror, oid, signal) =>
      locks.hold(mirror.lockPath, signal, async (held) => {
        const refspec = `+${oid}:${REMOTE_COMMITS}/${oid}`;
        const args = ['fetch', ...OPTIONS, '--', mirror.url, refspec];
        const call = { args, config: CONFIG, signal: held.signal, timeoutMs: TIMEOUT_MS };
        return clearing(mirror, fetchOne(remote, mirror, call));
      }),
  };
}

/** False when the remote does not give it. */
async function fetchOne(
  remote: Remote,
  mirror: Mirror,
  call: Parameters<Remote['run']>[1],
): Promise<boolean> {
  const result = await remote.run(mirror, call);
  if (result.exitCode === 0) return true;
  const failure = remoteFailure(result);
  if (isCode(failure, 'DISK_FULL')) throw failure;
  return false;
}

/** What is awaited; when it found no room on the disk, once nothing of it is left there. */
const clearing = <T>(mirror: Mirror, fetching: Promise<T>): Promise<T> =>
  fetching.catch(async (error: unknown) => {
    const isFull = error instanceof AgenticoreError && isCode(error, 'DISK_FULL');
    throw isFull ? await clearAfterFetch(mirror, error) : error;
  });

async function fetchAll(remote: Remote, mirror: Mirror, log: Log, held: Held): Promise<void> {
  const { signal } = held;
  const [isWarm, isShallow] = await Promise.all(
    ['packed-refs', 'shallow'].map((name) => exists(join(mirror.gitDir, name))),
  );
  // Claude may have fetched with --depth; a mirror must have it all.
  let depth = isShallow ? ['--unshallow'] : [];
  const fetch = (refs: readonly string[]): Promise<GitResult> =>
    fetchRefs(remote, mirror, refs, depth, signal);
  let result = await fetch([...REFS, `+HEAD:${REMOTE_HEAD}`]);
  if (LOCKED.test(result.stderr)) {
    await removeStaleRefLocks(mirror);
    result = await fetch([...REFS, `+HEAD:${REMOTE_HEAD}`]);
  }
  if (isDamaged(result)) {
    await heal(remote, mirror, log, held);
    depth = [];
    result = await fetch([...REFS, `+HEAD:${REMOTE_HEAD}`]);
  }
  if (result.exitCode !== 0 && NO_HEAD.test(result.stderr)) {
    // HEAD leads to no commit: an empty repository, or a default branch that does not exist yet.
    result = await fetch(REFS);
    await remote.git({ args: ['update-ref', '-d', REMOTE_HEAD], place: mirror.place, signal });
  }
  if (result.exitCode !== 0) throw fetchFailure(result);
  if (depth.length > 0) await followUnshallow(mirror);
  // One file instead of one per ref: the first fetch brings many, later ones and the jobs a few each.
  if (!isWarm || (await hasManyLooseRefs(mirror)))
    await remote.git({ args: ['pack-refs', '--all'], place: mirror.place, signal });
}

async function heal(remote: Remote, mirror: Mirror, log: Log, held: Held): Promise<void> {
  const fetchInto = async (fresh: Mirror): Promise<void> => {
    const result = await fetchRefs(remote, fresh, REFS, [], held.signal);
    if (result.exitCode !== 0) throw fetchFailure(result);
  };
  await healMirror(remote.git, mirror, fetchInto, log, held);
}

function fetchRefs(
  remote: Remote,
  mirror: Mirror,
  refs: readonly string[],
  options: readonly string[],
  signal: AbortSignal,
): Promise<GitResult> {
  const how = [...OPTIONS, '--prune', '--no-show-forced-updates', ...options];
  const args = ['fetch', ...how, '--', mirror.url, ...refs];
  return remote.run(mirror, { args, config: CONFIG, signal, timeoutMs: TIMEOUT_MS });
}

/** Git reads each from a file of its own, with every fetch and every push. */
async function hasManyLooseRefs({ gitDir }: Mirror): Promise<boolean> {
  const folders = ['refs/agenticore', 'refs/remotes/origin', 'refs/tags'];
  const found = await Promise.all(folders.map((name) => readdir(join(gitDir, name)).catch(() => [])));
  return found.flat().length > MAX_LOOSE_REFS;
}

/** When nothing is shallow any more, git removes the file it knows: our link instead of what it leads to. */
async function followUnshallow({ gitDir, place }: Mirror): Promise<void> {
  const isLinked = await lstat(join(place.gitDir, 'shallow')).then(
    () => true,
    () => false,
  );
  if (!isLinked) await rm(join(gitDir, 'shallow'), { force: true });
}

const fetchFailure = (result: GitResult): Error =>
  /cannot lock ref|unable to (create|write|update)|unresolved deltas|index-pack failed|bad object/i.test(
    result.stderr,
  )
    ? localFailure('fetch into the repository cache', result)
    : remoteFailure(result);

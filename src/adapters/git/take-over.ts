// Going on in the worktree of an earlier attempt. It is taken over as it stands or not at all: a worktree that is not
// what that attempt left would lead the Claude session that remembers it astray.
import { lstat, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Log } from '../../ports/log.js';
import { type Bench, dotGit, holderOf, type LetGo, listBenches, readBench, rewriteBench } from './bench.js';
import { readIfThere } from './exclusive-file.js';
import type { Mirror } from './mirror.js';
import { OWN_IDENTITY } from './process-identity.js';
import { findCommit } from './refs.js';
import type { RepositoryLocks } from './repository-lock.js';
import type { RunGit } from './run-git.js';
import { restoreSnapshot } from './snapshot.js';
import { readUntouched } from './worktree-state.js';

export interface TakeOverDeps {
  readonly git: RunGit;
  readonly locks: RepositoryLocks;
  readonly worktreeRoot: string;
  readonly letGo: LetGo;
  /** Ends the git processes that dead owners have left. */
  readonly endOrphans: () => Promise<void>;
  readonly log: Log;
}

export interface TakeOverOrder {
  readonly jobId: string;
  readonly branch: string;
  /** The attempt that opened it. */
  readonly goOnFrom: number;
}

/**
 * Takes over the worktree that `goOnFrom` opened; undefined when there is none here that is fit and free. Whoever asks
 * second finds it held: the repository's lock is around looking and taking.
 */
export async function takeOverBench(
  deps: TakeOverDeps,
  mirror: Mirror,
  order: TakeOverOrder,
  signal: AbortSignal,
): Promise<Bench | undefined> {
  const { git, locks, log } = deps;
  const { jobId, goOnFrom } = order;
  const found = (await listBenches(mirror, jobId)).find(({ attempt }) => attempt === goOnFrom);
  if (found === undefined) return undefined;
  return locks.hold(mirror.lockPath, signal, async () => {
    const bench = await readBench(mirror, found.name);
    if (bench === undefined) return undefined;
    const fault = await faultOf(deps, bench, order, signal);
    if (fault === undefined) {
      const ours = await rewriteBench(bench, { owner: OWN_IDENTITY });
      deps.letGo.delete(bench.path);
      await restoreSnapshot(git, ours);
      return ours;
    }
    log('workspace.not_taken_over', { job_id: jobId, path: bench.path, fault }, 'warn');
    return undefined;
  });
}

/** Why the worktree cannot be gone on in; undefined when it can. */
async function faultOf(
  { git, worktreeRoot, letGo, endOrphans }: TakeOverDeps,
  bench: Bench,
  order: TakeOverOrder,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (bench.attempt !== order.goOnFrom || bench.branch !== order.branch) return 'it is of another attempt';
  const holder = holderOf(bench, letGo);
  if (holder !== 'gone') return `its holder is ${holder}`;
  if (bench.owner !== undefined) await endOrphans();
  if (dirname(bench.path) !== worktreeRoot || (await realpath(bench.path).catch(() => '')) !== bench.path)
    return 'it is not where it was';
  if (!(await lstat(bench.path)).isDirectory()) return 'it is no folder';
  if ((await readIfThere(join(bench.path, '.git'))) !== dotGit(bench)) return 'its .git file was changed';
  if ((await findCommit(git, bench.mirror, bench.baseOid, signal)) === undefined) return 'its base is gone';
  const state = await readUntouched(git, bench, signal);
  if (state?.head === undefined) return 'git cannot read it';
  return undefined;
}

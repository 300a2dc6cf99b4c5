// Clearing up after attempts whose process is dead: their work is kept, then their worktrees, locks and git processes
// go. Whatever cannot be kept stays where it is, and is tried again at the next sweep.
import { basename, dirname } from 'node:path';
import type { Log } from '../../ports/log.js';
import { type Bench, holderOf, type LetGo, listBenches, readBench, removeBench } from './bench.js';
import { readIfThere } from './exclusive-file.js';
import { listMirrors, type Mirror, mirrorAt, removeHalfWritten, removeStaleRefLocks } from './mirror.js';
import { endOrphans } from './orphans.js';
import type { RepositoryLocks } from './repository-lock.js';

export interface SweepDeps {
  readonly reposRoot: string;
  readonly locks: RepositoryLocks;
  readonly keep: (bench: Bench) => Promise<void>;
  readonly letGo: LetGo;
  readonly log: Log;
}

/**
 * Sweeps every mirror below `reposRoot`. `isWanted` says of a job whether an attempt of it runs elsewhere or may go on
 * in what it left here.
 */
export async function sweepAll(
  deps: SweepDeps,
  isWanted: (jobId: string) => Promise<boolean>,
): Promise<void> {
  const { reposRoot, locks, letGo, log } = deps;
  await endOrphans(reposRoot);
  const never = new AbortController().signal;
  for (const mirror of await listMirrors(reposRoot)) {
    try {
      await removeStaleRefLocks(mirror);
      await removeHalfWritten(mirror);
      // A dead holder's lock goes when somebody takes it.
      if ((await readIfThere(mirror.lockPath)) !== undefined)
        await locks.hold(mirror.lockPath, never, async () => {});
      for (const bench of await listBenches(mirror))
        if (holderOf(bench, letGo) !== 'alive' && !(await isWanted(bench.jobId)))
          await clearUnheld(deps, bench, never);
    } catch (error) {
      log('sweep.mirror_skipped', { repository: mirror.key, error: String(error) }, 'warn');
    }
  }
}

/** Before the lock of a dead process is free again: what it was doing ends, and what it held of git's is released. */
export async function clearAwayHolder(reposRoot: string, lockPath: string): Promise<void> {
  await endOrphans(reposRoot);
  await removeStaleRefLocks(mirrorAt(reposRoot, basename(dirname(lockPath))), 0);
}

/** Before an attempt that starts afresh: earlier ones on this host that nobody holds are over, whatever anybody thinks. */
export async function clearDeadAttempts(
  deps: SweepDeps,
  mirror: Mirror,
  jobId: string,
  signal: AbortSignal,
): Promise<void> {
  for (const bench of await listBenches(mirror, jobId))
    if (holderOf(bench, deps.letGo) === 'gone') await clearUnheld(deps, bench, signal);
}

/** Clears a worktree unless somebody has taken it over since it was looked at. */
async function clearUnheld(deps: SweepDeps, { mirror, name }: Bench, signal: AbortSignal): Promise<void> {
  await deps.locks.hold(mirror.lockPath, signal, async () => {
    const bench = await readBench(mirror, name);
    if (bench !== undefined && holderOf(bench, deps.letGo) !== 'alive') await clearBench(deps, bench);
  });
}

/** Keeps the work and removes the worktree; what cannot be kept is not removed, and left to the sweeps to come. */
export async function clearBench({ keep, letGo, log }: SweepDeps, bench: Bench): Promise<void> {
  try {
    await keep(bench);
    await removeBench(bench);
    letGo.delete(bench.path);
  } catch (error) {
    letGo.add(bench.path);
    log('workspace.left_in_place', { job_id: bench.jobId, path: bench.path, error: String(error) }, 'error');
  }
}

// Clearing up after attempts whose process is dead: their work is kept, then their worktrees, locks and git processes
// go. Whatever cannot be kept stays where it is, and is tried again at the next start.
import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Log } from '../../ports/log.js';
import { type Bench, listBenches, removeBench } from './bench.js';
import { type Mirror, mirrorAt, removeHalfWritten, removeStaleRefLocks } from './mirror.js';
import { endOrphans } from './orphans.js';
import { lifeOf } from './process-identity.js';
import type { RepositoryLocks } from './repository-lock.js';

export interface SweepDeps {
  readonly reposRoot: string;
  readonly locks: RepositoryLocks;
  readonly keep: (bench: Bench) => Promise<void>;
  readonly log: Log;
}

/** Sweeps every mirror below `reposRoot`. `isAlive` says of a job whether an attempt of it runs anywhere. */
export async function sweepAll(deps: SweepDeps, isAlive: (jobId: string) => Promise<boolean>): Promise<void> {
  const { reposRoot, locks, log } = deps;
  await endOrphans(reposRoot);
  const keys = (await readdir(reposRoot)).filter((name) => /^[0-9a-f]{12}$/.test(name));
  for (const key of keys) {
    const mirror = mirrorAt(reposRoot, key);
    try {
      await locks.hold(mirror.lockPath, new AbortController().signal, async () => {
        await removeStaleRefLocks(mirror);
        await removeHalfWritten(mirror);
        for (const bench of await listBenches(mirror)) {
          if (lifeOf(bench.owner) !== 'alive' && !(await isAlive(bench.jobId))) await clearBench(deps, bench);
        }
      });
    } catch (error) {
      log('sweep.mirror_skipped', { repository: key, error: String(error) }, 'warn');
    }
  }
}

/** Before the lock of a dead process is free again: what it was doing ends, and what it held of git's is released. */
export async function clearAwayHolder(reposRoot: string, lockPath: string): Promise<void> {
  await endOrphans(reposRoot);
  await removeStaleRefLocks(mirrorAt(reposRoot, basename(dirname(lockPath))), 0);
}

/** Before a new attempt of a job: earlier ones on this host whose process is dead are over, whatever anybody thinks. */
export async function clearDeadAttempts(deps: SweepDeps, mirror: Mirror, jobId: string): Promise<void> {
  for (const bench of await listBenches(mirror, jobId)) {
    if (lifeOf(bench.owner) === 'gone') await clearBench(deps, bench);
  }
}

/** Keeps the work and removes the worktree; what cannot be kept is not removed. */
export async function clearBench({ keep, log }: SweepDeps, bench: Bench): Promise<void> {
  try {
    await keep(bench);
    await removeBench(bench);
  } catch (error) {
    log('workspace.left_in_place', { job_id: bench.jobId, path: bench.path, error: String(error) }, 'error');
  }
}

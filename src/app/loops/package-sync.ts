// Keeps an agent's package as new as the place it comes from, and its folders in order.
import type { PackageStore } from '../../ports/packages.js';
import { every, type LoopDeps } from './every.js';

export interface PackageSyncDeps extends LoopDeps {
  readonly packages: PackageStore;
  /** 0: the package stays as it is. */
  readonly intervalMs: number;
  /** The agent has another version now: processes that were started ahead are of the old one. */
  readonly onNewVersion: () => void;
}

/** Folders are seen to at least so often. */
const TEND_MS = 10 * 60_000;

/** Looks at the interval until the signal aborts; the first time after one. */
export async function packageSyncLoop(deps: PackageSyncDeps, signal: AbortSignal): Promise<void> {
  const { packages, intervalMs, clock, log } = deps;
  const pauseMs = intervalMs === 0 ? TEND_MS : Math.min(intervalMs, TEND_MS);
  const looksPerSync = intervalMs === 0 ? Number.POSITIVE_INFINITY : Math.round(intervalMs / pauseMs);
  let looks = 0;
  const look = async (): Promise<boolean> => {
    await packages.tend().catch((error) => {
      log('package.tend_failed', { error: String(error) }, 'warn');
    });
    looks += 1;
    if (looks < looksPerSync) return false;
    looks = 0;
    const isNew = await packages.sync(signal).catch((error) => {
      if (signal.aborted) return false;
      throw error;
    });
    if (isNew) deps.onNewVersion();
    return false;
  };
  await clock.sleep(pauseMs, signal);
  await every(deps, 'package-sync', pauseMs, look, signal);
}

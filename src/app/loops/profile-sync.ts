// Keeps the profiles of a git repository as new as it is.
import type { ProfileStore } from '../../ports/profile-store.js';
import { every, type LoopDeps } from './every.js';

export interface ProfileSyncDeps extends LoopDeps {
  readonly profiles: ProfileStore;
  /** 0: they stay as they were at the start. */
  readonly intervalMs: number;
}

/** The longest pause that a timer knows: 25 days. */
const NEVER_MS = 2 ** 31 - 1;

/** Looks at once, then at the interval, until the signal aborts. */
export async function profileSyncLoop(deps: ProfileSyncDeps, signal: AbortSignal): Promise<void> {
  const { profiles, intervalMs } = deps;
  const look = async (): Promise<boolean> => {
    await profiles.sync(signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
    return false;
  };
  await every(deps, 'profile-sync', intervalMs === 0 ? NEVER_MS : intervalMs, look, signal);
}

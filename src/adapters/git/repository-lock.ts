// One holder per repository, in this process and in any other on the host. A lock file names its holder; that of a
// dead one is taken over. Holders are short: a fetch, or the sweeping of a dead attempt.
import { randomBytes } from 'node:crypto';
import { stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../host/system-error.js';
import { createExclusive, readIfThere, removeFile } from './exclusive-file.js';
import { lifeOf, OWN_IDENTITY, type ProcessIdentity } from './process-identity.js';

export interface RepositoryLocks {
  /**
   * Runs `work` while holding the lock at `path`. Rejects with the signal's reason when it
   * aborts while waiting; the work has to watch the signal itself.
   */
  hold<T>(path: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

interface Holder extends ProcessIdentity {
  readonly token: string;
}

const MIN_POLL_MS = 5;
const MAX_POLL_MS = 100;
const RENEW_MS = 10_000;
/** A holder we cannot look at (another container or host) counts as dead when it stopped renewing for this long. */
const SILENT_MS = 60_000;

/** Clears away what a dead holder of the lock at `path` left behind, before the lock is free again. */
export type ClearAway = (path: string) => Promise<void>;

export function createRepositoryLocks(clearAway: ClearAway): RepositoryLocks {
  const queues = new Map<string, Promise<unknown>>();
  return {
    async hold(path, signal, work) {
      const before = queues.get(path) ?? Promise.resolve();
      const turn = untilAborted(before, signal).then(() => holdFile(path, signal, work, clearAway));
      // Who gives up waiting must not let the next one in before the one ahead is done.
      const settled = Promise.allSettled([before, turn]);
      queues.set(path, settled);
      void settled.then(() => queues.get(path) === settled && queues.delete(path));
      return turn;
    },
  };
}

async function holdFile<T>(
  path: string,
  signal: AbortSignal,
  work: () => Promise<T>,
  clearAway: ClearAway,
): Promise<T> {
  const holder = await acquire(path, signal, clearAway);
  const renewal = setInterval(() => void renew(path), RENEW_MS);
  renewal.unref();
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    await release(path, holder);
  }
}

async function acquire(path: string, signal: AbortSignal, clearAway: ClearAway): Promise<Holder> {
  const holder = { ...OWN_IDENTITY, token: randomBytes(4).toString('hex') };
  for (let pauseMs = MIN_POLL_MS; ; pauseMs = Math.min(MAX_POLL_MS, pauseMs * 2)) {
    signal.throwIfAborted();
    if (await createExclusive(path, JSON.stringify(holder))) return holder;
    if (await breakDeadLock(path, signal, clearAway)) continue;
    await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/**
 * Removes the lock of a dead holder; true when it did. Between looking and removing, another process could have
 * removed it too and taken the lock anew. Therefore only who holds a second lock, named after the dead one, may remove.
 */
async function breakDeadLock(path: string, signal: AbortSignal, clearAway: ClearAway): Promise<boolean> {
  const dead = await readHolder(path);
  if (dead === undefined || !(await isDead(path, dead))) return false;
  const breakerPath = `${path}.${dead.token}`;
  const breaker = await acquire(breakerPath, signal, async () => {});
  try {
    if ((await readHolder(path))?.token !== dead.token) return false;
    await clearAway(path);
    await removeFile(path);
    return true;
  } finally {
    await release(breakerPath, breaker);
  }
}

async function isDead(path: string, holder: Holder): Promise<boolean> {
  const life = lifeOf(holder);
  if (life !== 'unknown') return life === 'gone';
  const renewedAt = await stat(path).then(
    (found) => found.mtimeMs,
    () => Number.POSITIVE_INFINITY,
  );
  return Date.now() - renewedAt > SILENT_MS;
}

/** A lock file that nobody can read belongs to nobody who could come back. */
const UNREADABLE: Holder = { host: '', pid: 0, start: '', token: 'unreadable' };

async function readHolder(path: string): Promise<Holder | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  try {
    const holder: Partial<Holder> = JSON.parse(text);
    if (!/^[0-9a-f]{8}$/.test(holder.token ?? '')) return UNREADABLE;
    return { ...UNREADABLE, ...holder };
  } catch {
    return UNREADABLE;
  }
}

async function release(path: string, holder: Holder): Promise<void> {
  if ((await readHolder(path))?.token === holder.token) await removeFile(path);
}

async function renew(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch((error) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
}

/** Waits for the promise, however it settles; rejects with the signal's reason when that comes first. */
function untilAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    const done = (): void => {
      signal.removeEventListener('abort', abort);
      resolve();
    };
    promise.then(done, done);
  });
}

// One holder per repository, in this process and in any other, on this host or on one that shares the folder. A lock file
// names its holder; that of a dead one is taken over. Nothing but link, rename and timestamps is asked of the file
// system, and no two clocks are compared, so that it holds on network file systems too. Holders are short: a fetch, a
// repair, or the sweeping of a dead attempt.
import { randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgenticoreError } from '../../domain/errors.js';
import { hasCode } from '../host/system-error.js';
import { unlessAborted } from '../host/unless-aborted.js';
import { createExclusive, readIfThere, removeFile } from './exclusive-file.js';
import { lifeOf, OWN_IDENTITY, type ProcessIdentity } from './process-identity.js';

/** The lock, as the work sees it that is done under it. */
export interface Held {
  /** Aborts when the waiting signal does, and when the lock was lost: this process stood still, and another went on. */
  readonly signal: AbortSignal;
  /** Throws when the lock was lost. Ask right before a step that would harm whoever has it now. */
  confirm(): Promise<void>;
}

export interface RepositoryLocks {
  /** Runs `work` while holding the lock at `path`. Rejects with the signal's reason when it aborts while waiting. */
  hold<T>(path: string, signal: AbortSignal, work: (held: Held) => Promise<T>): Promise<T>;
}

interface Holder extends ProcessIdentity {
  readonly token: string;
}

/** Clears away what a dead holder of the lock at `path` left behind, before the lock is free again. */
export type ClearAway = (path: string) => Promise<void>;

export interface LockSettings {
  readonly clearAway: ClearAway;
  readonly identity: ProcessIdentity;
  /** A holder we cannot look at (another container or host) counts as dead when its lock was not renewed for so long. */
  readonly silentMs: number;
}

const MIN_POLL_MS = 5;
const MAX_POLL_MS = 100;
const SILENT_MS = 60_000;
/** Renewals in the time after which a holder counts as dead. */
const RENEWALS = 6;

export function createRepositoryLocks(
  clearAway: ClearAway,
  { identity = OWN_IDENTITY, silentMs = SILENT_MS }: Partial<Omit<LockSettings, 'clearAway'>> = {},
): RepositoryLocks {
  const settings = { clearAway, identity, silentMs };
  const queues = new Map<string, Promise<unknown>>();
  return {
    async hold(path, signal, work) {
      const before = queues.get(path) ?? Promise.resolve();
      const turn = unlessAborted(signal, before).then(() => holdFile(path, signal, work, settings));
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
  work: (held: Held) => Promise<T>,
  settings: LockSettings,
): Promise<T> {
  const holder = await acquire(path, signal, settings);
  const lost = new AbortController();
  // Renewed through what was opened, never through the path: a later holder's lock is not ours to renew.
  const file = await open(path, 'r+');
  const confirm = async (): Promise<void> => {
    await renew(file).catch(() => {}); // what counts is what the path says
    if ((await readHolder(path))?.token === holder.token) return;
    lost.abort(
      new AgenticoreError('WORKSPACE_FAILED', 'The lock of the repository was lost to another process.'),
    );
    throw lost.signal.reason;
  };
  const renewal = setInterval(() => void confirm().catch(() => {}), settings.silentMs / RENEWALS);
  renewal.unref();
  try {
    return await work({ signal: AbortSignal.any([signal, lost.signal]), confirm });
  } finally {
    clearInterval(renewal);
    await file.close();
    await release(path, holder);
  }
}

async function acquire(path: string, signal: AbortSignal, settings: LockSettings): Promise<Holder> {
  const holder = { ...settings.identity, token: randomBytes(4).toString('hex') };
  const isDead = createWatch(settings.silentMs);
  for (let pauseMs = MIN_POLL_MS; ; pauseMs = Math.min(MAX_POLL_MS, pauseMs * 2)) {
    signal.throwIfAborted();
    if (await createExclusive(path, JSON.stringify(holder))) return holder;
    const sight = await look(path);
    if (sight !== undefined && isDead(sight) && (await breakLock(path, sight, signal, settings))) continue;
    await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

interface Sight {
  readonly holder: Holder;
  readonly renewedAt: number;
}

/**
 * Tells of each sight of a lock whether its holder is dead. Where that cannot be looked up, it is when the lock stayed
 * as it is while we watched for long enough: our clock alone counts, whatever that of the holder or of the disk says.
 */
function createWatch(silentMs: number): (sight: Sight) => boolean {
  let first: (Sight & { readonly at: number }) | undefined;
  return (sight) => {
    const life = lifeOf(sight.holder);
    if (life !== 'unknown') return life === 'gone';
    const now = performance.now();
    if (first === undefined || !isSame(first, sight)) first = { ...sight, at: now };
    return now - first.at > silentMs;
  };
}

const isSame = (a: Sight, b: Sight): boolean =>
  a.holder.token === b.holder.token && a.renewedAt === b.renewedAt;

/**
 * Removes the lock of a dead holder; true when it did. Between looking and removing, another process could have
 * removed it too and taken the lock anew. Therefore only who holds a second lock, named after the dead one, may remove.
 */
async function breakLock(
  path: string,
  dead: Sight,
  signal: AbortSignal,
  settings: LockSettings,
): Promise<boolean> {
  const breakerPath = `${path}.${dead.holder.token}`;
  const breaker = await acquire(breakerPath, signal, { ...settings, clearAway: async () => {} });
  const isThere = async (): Promise<boolean> => {
    const sight = await look(path);
    return sight !== undefined && isSame(sight, dead);
  };
  try {
    if (!(await isThere())) return false;
    await settings.clearAway(path);
    if (!(await isThere())) return false; // it woke
    await removeFile(path);
    return true;
  } finally {
    await release(breakerPath, breaker);
  }
}

/** The lock as it is; undefined when there is none. It is opened because network file systems look anew only then. */
async function look(path: string): Promise<Sight | undefined> {
  const file = await open(path).catch((error) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
  if (file === undefined) return undefined;
  try {
    const [text, { mtimeMs }] = [await file.readFile('utf8'), await file.stat()];
    return { holder: parseHolder(text), renewedAt: mtimeMs };
  } finally {
    await file.close();
  }
}

/** A lock file that nobody can read belongs to nobody who could come back. */
const UNREADABLE: Holder = { host: '', pid: 0, start: '', token: 'unreadable' };

async function readHolder(path: string): Promise<Holder | undefined> {
  const text = await readIfThere(path);
  return text === undefined ? undefined : parseHolder(text);
}

function parseHolder(text: string): Holder {
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

async function renew(file: FileHandle): Promise<void> {
  const now = new Date();
  await file.utimes(now, now);
}

// The cached copy of a repository: one bare repository per address, with two doors. `mirror.git` is the one that
// claude's worktrees belong to, so claude can write its configuration. Every git command of ours goes through
// `trusted.git`: the same objects and refs, but a configuration, hooks, attributes and grafts that are not shared.
// Hence nothing planted in the mirror (fsmonitor, filters, insteadOf, credential helpers ...) is ever read by us.
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { normaliseRepoUrl } from '../../domain/repo-url.js';
import type { Log } from '../../ports/log.js';
import { hasCode } from '../host/system-error.js';
import { ASIDE, ensureContent, readIfThere } from './exclusive-file.js';
import type { GitPlace } from './run-git.js';

export interface Mirror {
  readonly key: string;
  readonly url: string;
  /** The repository as claude sees it. */
  readonly gitDir: string;
  /** The same repository as we see it. */
  readonly place: GitPlace;
  readonly lockPath: string;
  /** Its time is when the mirror was last asked for. */
  readonly usedPath: string;
  /** One file per worktree that is open: who owns it and what it is for. */
  readonly recordsDir: string;
  /** For folders that are not in place yet, or no longer. */
  readonly stagingDir: string;
}

/** What claude's commits are signed with, and ours. */
export const IDENTITY = { name: 'Agenticore', email: 'agenticore@localhost' } as const;

const KEY_LENGTH = 12;
const STALE_LOCK_MS = 30_000;
/** The second lock, held while a dead one is removed (repository-lock.ts). */
const BREAKER = /^lock\.[0-9a-f]{8}$/;
/** What git writes before it has the name that it is found by. */
const UNFINISHED = /^\.?tmp[_-]/;
const SHARED = ['objects', 'refs', 'packed-refs', 'shallow', 'logs', 'worktrees'] as const;
const NO_BRANCH = 'ref: refs/heads/none\n';
const TRUSTED_CONFIG = '[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tlogAllRefUpdates = false\n';
/** Everything else that git would obey, were it there. */
const PLANTABLE = ['hooks', 'info', 'config.worktree', 'refs/replace', 'objects/info'] as const;

/** Where the mirror of an address lies, whether it exists or not. Throws REPO_URL_REFUSED for no address at all. */
export function locateMirror(reposRoot: string, url: string): Mirror {
  const key = createHash('sha256').update(normaliseRepoUrl(url)).digest('hex').slice(0, KEY_LENGTH);
  return mirrorAt(reposRoot, key, url);
}

/** The mirror in a known directory, for work that needs no remote. */
export function mirrorAt(reposRoot: string, key: string, url = ''): Mirror {
  const directory = join(reposRoot, key);
  return {
    key,
    url,
    gitDir: join(directory, 'mirror.git'),
    place: { gitDir: join(directory, 'trusted.git') },
    lockPath: join(directory, 'lock'),
    usedPath: join(directory, 'used'),
    recordsDir: join(directory, 'workspaces'),
    stagingDir: join(directory, 'staging'),
  };
}

/** Every mirror below `reposRoot`. Their addresses are not known, so they can be looked after, not fetched into. */
export async function listMirrors(reposRoot: string): Promise<readonly Mirror[]> {
  const keys = (await readdir(reposRoot)).filter((name) => /^[0-9a-f]{12}$/.test(name));
  return keys.map((key) => mirrorAt(reposRoot, key));
}

/**
 * Takes the mirror away; the next fetch makes it anew. Lock and records stay where they are, for somebody may wait. Call
 * it while holding the lock, when nobody has a worktree.
 */
export async function clearMirror({ gitDir, place, stagingDir }: Mirror): Promise<void> {
  const gone = join(stagingDir, 'gone');
  await mkdir(stagingDir, { recursive: true });
  await rm(gone, { recursive: true, force: true });
  await rename(gitDir, gone); // at once: a half-removed one would look like a damaged one
  await rm(place.gitDir, { recursive: true, force: true });
  await rm(gone, { recursive: true, force: true });
}

/** Creates the mirror, empty, or puts right what an earlier job changed in it. Call it while holding its lock. */
export async function prepareMirror(mirror: Mirror, log: Log): Promise<void> {
  const { gitDir, place, recordsDir } = mirror;
  const inMirror = ['objects/pack', 'refs/heads', 'worktrees'].map((folder) => join(gitDir, folder));
  const folders = [...inMirror, place.gitDir, recordsDir];
  const [head] = await Promise.all([
    readIfThere(join(gitDir, 'HEAD')),
    ...folders.map((folder) => mkdir(folder, { recursive: true })),
  ]);
  const [changed] = await Promise.all([
    ensureContent(join(gitDir, 'config'), sharedConfig(mirror.url)),
    ensureContent(join(gitDir, 'HEAD'), NO_BRANCH),
    closeTrustedDoor(mirror),
    ...SHARED.map((name) => linkShared(place.gitDir, name)),
    ...PLANTABLE.map((name) => rm(join(gitDir, name), { recursive: true, force: true })),
  ]);
  if (changed && head !== undefined) log('mirror.config_reset', { repository: mirror.key }, 'warn');
}

/** Makes sure that our door obeys only us; cheap, so done before each use. */
export async function closeTrustedDoor({ place }: Mirror): Promise<void> {
  const expected = new Set<string>([...SHARED, 'HEAD', 'config']);
  const [names] = await Promise.all([
    readdir(place.gitDir),
    ensureContent(join(place.gitDir, 'HEAD'), NO_BRANCH),
    ensureContent(join(place.gitDir, 'config'), TRUSTED_CONFIG),
  ]);
  for (const name of names) {
    if (!expected.has(name) && !name.endsWith(ASIDE))
      await rm(join(place.gitDir, name), { recursive: true, force: true });
  }
}

async function linkShared(trusted: string, name: string): Promise<void> {
  await symlink(join('..', 'mirror.git', name), join(trusted, name)).catch((error) => {
    if (!hasCode(error, 'EEXIST')) throw error;
  });
}

/** What claude's git reads: an origin to fetch from, an identity, and no background work that would outlive it. */
function sharedConfig(url: string): string {
  return [
    '[core]\n\trepositoryformatversion = 0\n\tbare = true',
    `[remote "origin"]\n\turl = ${quote(url)}\n\tfetch = +refs/heads/*:refs/remotes/origin/*`,
    `[user]\n\tname = ${IDENTITY.name}\n\temail = ${IDENTITY.email}`,
    '[gc]\n\tauto = 0',
    '[maintenance]\n\tauto = false',
    '',
  ].join('\n');
}

const quote = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;

/**
 * Removes git's lock files on refs that are older than any git of ours takes to change them: a killed one left them.
 * Those on job branches belong to the job and are not looked at here.
 */
export async function removeStaleRefLocks({ gitDir }: Mirror, olderThanMs = STALE_LOCK_MS): Promise<void> {
  const names = (await readdir(join(gitDir, 'refs'), { recursive: true }).catch(() => []))
    .filter((name) => name.endsWith('.lock') && !name.startsWith('heads/'))
    .map((name) => join('refs', name));
  for (const name of [...names, 'packed-refs.lock', 'shallow.lock'])
    await removeOlder(join(gitDir, name), olderThanMs);
}

/**
 * Removes files of ours that somebody who was killed was just writing, or with which he was just breaking a lock; those
 * of the living are younger. Call it while holding the mirror's lock.
 */
export async function removeHalfWritten({ gitDir, place, lockPath, recordsDir }: Mirror): Promise<void> {
  for (const folder of [gitDir, place.gitDir, recordsDir, dirname(lockPath)]) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((one) => one.endsWith(ASIDE) || BREAKER.test(one)))
      await removeOlder(join(folder, name), STALE_LOCK_MS);
  }
}

/** True when no worktree is recorded, readable or not. */
export const isUnused = async ({ recordsDir }: Mirror): Promise<boolean> =>
  (await readdir(recordsDir).catch(() => [])).length === 0;

/**
 * Removes objects and packs that some git had begun to write, and has not touched for so long (the time of a file may be
 * later than ours): it was killed, or found no room. A link there may lead anywhere, and is not followed.
 */
export async function removeUnfinished({ gitDir }: Mirror, olderThanMs: number): Promise<void> {
  const entries = (path: string) => readdir(path, { withFileTypes: true }).catch(() => []);
  const objects = join(gitDir, 'objects');
  for (const folder of (await entries(objects)).filter((one) => one.isDirectory())) {
    const files = (await entries(join(objects, folder.name))).filter((one) => one.isFile());
    for (const { name } of files)
      if (UNFINISHED.test(name)) await removeOlder(join(objects, folder.name, name), olderThanMs);
  }
}

async function removeOlder(path: string, ageMs: number): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && Date.now() - found.mtimeMs >= ageMs) await rm(path, { force: true });
}

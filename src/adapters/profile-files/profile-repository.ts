// The profiles of a git repository: one commit of it counts at a time. What was fetched last stays on this disk, so that
// neither a remote that is away nor a restart takes a profile from anybody.
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AgenticoreError, messageOf } from '../../domain/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import type { FetchedPackage, PackageSource } from '../../ports/package-source.js';
import type { RepositoryStanding } from '../../ports/profile-store.js';
import { hasCode } from '../host/system-error.js';
import { keepUntil, removeOutlived } from './agent-package/kept-versions.js';
import { writePrivateFile } from './private-files.js';

export interface ProfileRepositoryOptions {
  readonly source: PackageSource;
  /** Where versions are kept; on the file system that the source fetches to. */
  readonly root: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ProfileRepository {
  /** The folder of the profiles that count; undefined before the first commit was fetched. */
  directory(): Promise<string | undefined>;
  /** As this disk knows it: another process may have written it. */
  standing(): Promise<RepositoryStanding>;
  /** Takes up what is there now. What goes wrong is a part of the standing. Rejects only with the signal's reason. */
  sync(signal: AbortSignal): Promise<void>;
}

const STANDING = 'standing.json';
/** Where profiles lie in a repository; one without this folder has them at its root. */
const PROFILES = 'profiles';
/** An attempt reads its profile within seconds; the version before stays a little longer than that. */
const KEEP_MS = 60 * 60_000;
const VERSION_CHARS = 16;

/** The repository that the source fetches. Nothing is fetched before `sync`. */
export function createProfileRepository({
  source,
  root,
  clock,
  log,
}: ProfileRepositoryOptions): ProfileRepository {
  const { place } = source;
  const folderOf = (revision: string): string => join(root, revision.slice(0, VERSION_CHARS));

  async function standing(): Promise<RepositoryStanding> {
    const text = await readFile(join(root, STANDING), 'utf8').catch(() => '{}');
    const known: Partial<RepositoryStanding> = JSON.parse(text);
    // What was fetched from another address is not what somebody asked for.
    return known.place === place ? { ...known, place } : { place };
  }

  async function takeUp(before: RepositoryStanding, signal: AbortSignal): Promise<RepositoryStanding> {
    const fetched = await source.fetch(before.revision, signal);
    const checkedAt = clock.now();
    const { revision, fetchedAt } = before;
    if (fetched === undefined)
      return { place, checkedAt, ...(revision && fetchedAt ? { revision, fetchedAt } : {}) };
    try {
      const version = await keep(fetched);
      if (revision !== undefined) await keepUntil(folderOf(revision), checkedAt + KEEP_MS);
      log('profiles.fetched', { from: place, revision: version });
      return { place, checkedAt, revision: version, fetchedAt: checkedAt };
    } finally {
      await fetched.close();
    }
  }

  async function keep({ directory, revision }: FetchedPackage): Promise<string> {
    if (revision === undefined) throw new Error(`${place} has no revision`);
    if (!(await hasProfiles(await profilesIn(directory)))) {
      const message = `${place} has no profiles: no folder in \`${PROFILES}\`, or at its root, has a profile.yml.`;
      throw new AgenticoreError('BROKEN_PROFILE', message);
    }
    // Another process of this host may have been faster.
    await rename(directory, folderOf(revision)).catch((error) => {
      if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EEXIST')) throw error;
    });
    return revision;
  }

  return {
    standing,
    async directory() {
      const { revision } = await standing();
      return revision === undefined ? undefined : profilesIn(folderOf(revision));
    },
    async sync(signal) {
      await mkdir(root, { recursive: true, mode: 0o700 });
      const before = await standing();
      let after: RepositoryStanding;
      try {
        after = await takeUp(before, signal);
      } catch (error) {
        signal.throwIfAborted();
        const reason = messageOf(error);
        // Said once, not at every look: it stays wrong until somebody mends it.
        if (reason !== before.error) log('profiles.fetch_failed', { from: place, error: reason }, 'error');
        after = { ...before, checkedAt: clock.now(), error: reason };
      }
      await writePrivateFile(root, STANDING, JSON.stringify(after));
      await removeOutlived(root, (after.revision ?? '').slice(0, VERSION_CHARS), clock.now());
    },
  };
}

async function profilesIn(directory: string): Promise<string> {
  const inside = join(directory, PROFILES);
  const found = await stat(inside).catch(() => undefined);
  return found?.isDirectory() ? inside : directory;
}

async function hasProfiles(directory: string): Promise<boolean> {
  for (const name of await readdir(directory))
    if (await stat(join(directory, name, 'profile.yml')).catch(() => undefined)) return true;
  return false;
}

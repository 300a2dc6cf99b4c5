// Which profiles there are, and from root to child which of them make up one.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AgenticoreError, type Check } from '../../domain/errors.js';
import { hasCode } from '../host/system-error.js';
import { brokenProfile } from './broken.js';
import { type ProfileFolder, readFolder } from './profile-folder.js';

/** Name -> folder; of two folders of one name the one in the later directory counts. */
export type KnownProfiles = ReadonlyMap<string, string>;

/** Looks for profiles in the directories; one that cannot be read is passed to `onUnreadable` and left out. */
export async function findProfiles(
  directories: readonly string[],
  onUnreadable: (directory: string, error: unknown) => void,
): Promise<KnownProfiles> {
  const known = new Map<string, string>();
  for (const directory of directories) {
    for (const name of await entriesOf(directory, onUnreadable)) {
      const path = join(directory, name);
      const found = await stat(path).catch(() => undefined);
      if (!found?.isDirectory() || name.startsWith('.')) continue;
      // An agent's package has the same shape, but it is no way to work on a repository.
      if (!(await isPackage(path))) known.set(name, path);
    }
  }
  return known;
}

/**
 * The profile with all it extends, root first. Throws BROKEN_PROFILE for a fault anywhere in the chain, a missing
 * parent or a cycle.
 */
export async function readChain(
  name: string,
  known: KnownProfiles,
  check: Check,
): Promise<readonly ProfileFolder[]> {
  const chain: ProfileFolder[] = [];
  const names: string[] = [];
  for (let next: string | undefined = name; next !== undefined; ) {
    const path = known.get(next);
    const child = names.at(-1);
    if (path === undefined) throw missingParent(name, child, next, known);
    if (names.includes(next)) {
      const circle = [...names.slice(names.indexOf(next)), next].join(' -> ');
      throw brokenProfile(name, [{ path: placeOf(child, known), message: `extends itself: ${circle}` }]);
    }
    names.push(next);
    const folder: ProfileFolder = await readFolder(next, path, check).catch((error) => {
      // A parent's fault is this profile's too; its details name the parent's file.
      throw error instanceof AgenticoreError ? brokenProfile(name, error.details) : error;
    });
    chain.unshift(folder);
    next = folder.document.extends ?? undefined;
  }
  return chain;
}

function missingParent(name: string, child: string | undefined, parent: string, known: KnownProfiles): Error {
  const message = `extends ${parent}, which does not exist; known: ${[...known.keys()].sort().join(', ')}`;
  return brokenProfile(name, [{ path: placeOf(child, known), message }]);
}

const isPackage = (folder: string): Promise<boolean> =>
  stat(join(folder, 'agent.yml')).then(
    () => true,
    () => false,
  );

const placeOf = (name: string | undefined, known: KnownProfiles): string =>
  name === undefined ? '' : join(known.get(name) ?? '', 'profile.yml');

async function entriesOf(
  directory: string,
  onUnreadable: (directory: string, error: unknown) => void,
): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) onUnreadable(directory, error);
    return [];
  }
}

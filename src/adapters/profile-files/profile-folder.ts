// One profile as its folder holds it, before its parents are looked at.
import { readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Check, ErrorDetail } from '../../domain/errors.js';
import type { ProfileDocument } from '../../domain/profile.js';
import { brokenProfile } from './broken.js';
import { readJsonMap, readMcpServers } from './json-file.js';
import { type ReadDocument, readDocument } from './profile-document.js';
import { insideOf, type ProfileFile, profileTree } from './profile-tree.js';

export interface ProfileFolder {
  readonly name: string;
  readonly document: ProfileDocument;
  readonly files: ReadonlyMap<string, ProfileFile>;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/;
const MAX_DOCUMENT_BYTES = 256 * 1024;

/** True for names that a profile can have; they cannot lead out of a folder. */
export const isProfileName = (name: string): boolean => NAME.test(name);

/** Reads the profile in `directory`. Throws BROKEN_PROFILE with every fault of its files. */
export async function readFolder(name: string, directory: string, check: Check): Promise<ProfileFolder> {
  if (!isProfileName(name)) {
    const message =
      'must be named with lower-case letters, digits, dots, dashes and underscores, beginning with a letter or digit';
    throw brokenProfile(name, [{ path: directory, message }]);
  }
  try {
    const folder = await realpath(directory);
    const { document, faults } = await readProfileYml(name, directory, folder, check);
    const tree = await profileTree(folder);
    const all = [...faults, ...tree.faults, ...(await jsonFaults(tree.files))];
    if (all.length > 0) throw brokenProfile(name, all);
    return { name, document, files: tree.files };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw brokenProfile(name, [
      { path: error.path ?? directory, message: `cannot be read: ${error.message}` },
    ]);
  }
}

/** The disk, not us: no permission, a file that went while it was read. */
const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error;

async function readProfileYml(
  name: string,
  directory: string,
  folder: string,
  check: Check,
): Promise<ReadDocument<ProfileDocument>> {
  const file = join(directory, 'profile.yml');
  const fault = (message: string) => ({ document: {}, faults: [{ path: file, message }] });
  const reading = await readYamlFile<ProfileDocument>(file, folder, check);
  if (reading === undefined) {
    const hint = (await insideOf(folder, join(directory, 'profile.yaml'))) ? '; rename profile.yaml' : '';
    return fault(`is missing, or is a link out of the profile${hint}`);
  }
  const { document } = reading;
  if (document.name === undefined || document.name === name) return reading;
  return fault(
    `says that its name is ${JSON.stringify(document.name)}, but its folder is called ${name}; rename one of them`,
  );
}

/** The YAML file at a path, if that leads to one inside of `folder`, a real path. */
export async function readYamlFile<T>(
  file: string,
  folder: string,
  check: Check,
): Promise<ReadDocument<T> | undefined> {
  const real = await insideOf(folder, file);
  if (real === undefined) return undefined;
  const found = await stat(real);
  if (!found.isFile() || found.size > MAX_DOCUMENT_BYTES)
    return { document: {}, faults: [{ path: file, message: 'must be a file of at most 256 KiB' }] };
  return readDocument(file, await readFile(real, 'utf8'), check);
}

/** What is wrong with the JSON files among them. */
export async function jsonFaults(files: ReadonlyMap<string, ProfileFile>): Promise<readonly ErrorDetail[]> {
  const mcp = files.get('.mcp.json');
  const settings = files.get('.claude/settings.json');
  const readings = await Promise.all([
    ...(mcp === undefined ? [] : [readMcpServers(mcp.path)]),
    ...(settings === undefined ? [] : [readJsonMap(settings.path)]),
  ]);
  return readings.flatMap((reading) => ('fault' in reading ? [reading.fault] : []));
}

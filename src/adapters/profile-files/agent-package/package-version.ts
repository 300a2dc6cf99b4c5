// The version of a package: changes with every file of it, and with what of the configuration goes into it.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { PackageFolder } from './package-folder.js';

const LENGTH = 16;
/** Changes when the same files are laid out in another way. */
const LAYOUT = 1;

/** True for names that a version can have. */
export const isVersion = (name: string): boolean => /^[0-9a-f]{16}$/.test(name);

/** `settings`: whatever else must make another version when it changes. */
export async function versionOf(folder: PackageFolder, settings: unknown): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([LAYOUT, folder.name, settings]));
  for (const [path, file] of [...folder.files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const content = createHash('sha256')
      .update(await readFile(file.path))
      .digest('hex');
    hash.update(JSON.stringify([path, file.executable, content]));
  }
  return hash.digest('hex').slice(0, LENGTH);
}

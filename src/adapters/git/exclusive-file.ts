// A file that exists either whole or not at all, and that only one process can create.
import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { hasCode } from '../host/system-error.js';

/** How the names of files end that are being written and are not there yet. */
export const ASIDE = '.aside';

const asideOf = (path: string): string => `${path}.${randomBytes(6).toString('hex')}${ASIDE}`;

/** Creates the file with its content in one step; false when there is one already. */
export async function createExclusive(path: string, content: string): Promise<boolean> {
  const aside = asideOf(path);
  try {
    await writeFile(aside, content, { mode: 0o600 });
    await link(aside, path);
    return true;
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    // A network file system that asks again after a lost answer finds the link that it has just made.
    return (await stat(aside)).nlink > 1;
  } finally {
    await removeFile(aside);
  }
}

/** Replaces the file unless it already says exactly this; true when it had to be written. */
export async function ensureContent(path: string, content: string): Promise<boolean> {
  if ((await readIfThere(path)) === content) return false;
  const aside = asideOf(path);
  await writeFile(aside, content, { mode: 0o600 }).catch(async (error: unknown) => {
    await removeFile(aside); // a full disk leaves an empty one
    throw error;
  });
  await rename(aside, path).catch(async () => {
    await rm(path, { recursive: true, force: true }); // something else took its place
    await rename(aside, path);
  });
  return true;
}

/** The text of a file; undefined when there is none to read. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP'].some((code) => hasCode(error, code))) return undefined;
    throw error;
  }
}

/** Removes a file, if it is there. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
}

// Writes files that only we may read into a directory, and never through a link out of it.
import { randomUUID } from 'node:crypto';
import { chmod, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '../host/system-error.js';

/** Makes a private directory, in place of anything else that has its name. Parents must exist. */
export async function makePrivateDirectory(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory()) return chmod(path, 0o700);
  if (found !== undefined) await rm(path, { force: true });
  await mkdir(path, { mode: 0o700 }).catch((error) => {
    // Another process makes the same layout; what it made is looked at as anything else that lies there.
    if (hasCode(error, 'EEXIST')) return makePrivateDirectory(path);
    throw error;
  });
}

/**
 * Writes `relative` below `root`, a private directory, with all directories on the way. Whatever is there already -
 * a link in place of a directory or of the file - is replaced, not followed.
 */
export async function writePrivateFile(
  root: string,
  relative: string,
  content: string | Uint8Array,
  executable = false,
): Promise<void> {
  let parent = root;
  for (const name of dirname(relative)
    .split('/')
    .filter((part) => part !== '.')) {
    parent = join(parent, name);
    await makePrivateDirectory(parent);
  }
  const target = join(root, relative);
  const found = await lstat(target).catch(() => undefined);
  if (found?.isDirectory()) await rm(target, { recursive: true });
  // Written beside and moved into place: a link with the target's name is replaced by the move.
  const fresh = join(parent, `.${randomUUID()}`);
  const file = await open(fresh, 'wx', executable ? 0o700 : 0o600);
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
  await rename(fresh, target);
}

// How long the folders of a version stay: each says until when somebody may still use it, which whoever uses it puts
// off again and again. Processes that share a disk need not know of each other for that.
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '../private-files.js';
import { isVersion } from './package-version.js';

const IN_USE = 'in-use-until';
/** What a version is called while it is being removed: nobody finds half of it. */
const LEAVING = '.leaving-';

/** Keeps the version in `root` until then, in milliseconds since the epoch. */
export const keepUntil = (root: string, untilMs: number): Promise<void> =>
  writePrivateFile(root, IN_USE, String(untilMs));

/** Removes the versions below `folder` whose time is over, but not `current`. Gives those that went. */
export async function removeOutlived(
  folder: string,
  current: string,
  nowMs: number,
): Promise<readonly string[]> {
  const gone: string[] = [];
  for (const version of (await readdir(folder)).filter((name) => isVersion(name) && name !== current)) {
    // One that says nothing is just being made.
    const until = Number(await readFile(join(folder, version, IN_USE), 'utf8').catch(() => Number.NaN));
    if (Number.isNaN(until) || nowMs < until) continue;
    await rename(join(folder, version), join(folder, `${LEAVING}${version}`));
    gone.push(version);
  }
  const leaving = (await readdir(folder)).filter((name) => name.startsWith(LEAVING));
  for (const name of leaving) await rm(join(folder, name), { recursive: true, force: true });
  return gone;
}

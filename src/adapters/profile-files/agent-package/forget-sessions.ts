// Claude never forgets a session by itself in time: what belongs to conversations that nobody can go on with is taken
// away.
import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackageLayout } from './lay-out-package.js';

/** Where claude keeps something for each session, below its configuration directory. */
const OF_SESSIONS = ['projects', 'session-env', 'shell-snapshots', 'todos', 'file-history'];

/** Removes what was written for sessions, or as temporary files, and not changed since then (milliseconds). */
export async function forgetSessions({ claude, tmp }: PackageLayout, sinceMs: number): Promise<void> {
  for (const folder of [...OF_SESSIONS.map((name) => join(claude, name)), tmp])
    await removeUntouched(folder, sinceMs);
}

/** Folders go when they are empty, which is one look later: they were touched when their last file went. */
async function removeUntouched(folder: string, sinceMs: number): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await removeUntouched(path, sinceMs);
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined || found.mtimeMs >= sinceMs) continue;
    // One that somebody has just put something into is not empty, and stays.
    if (entry.isDirectory()) await rmdir(path).catch(() => {});
    else await rm(path, { force: true });
  }
}

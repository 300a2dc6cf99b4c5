// What lies in a directory that may be gone by now: other processes remove jobs while this one looks.
import { readdir } from 'node:fs/promises';
import { hasCode } from '../host/system-error.js';

/** The names in a directory; none when there is no such directory. */
export async function entriesOf(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return [];
    throw error;
  }
}

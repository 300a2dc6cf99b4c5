// What must be on the disk, and not only on its way there, before anything that speaks of it is.
import { open } from 'node:fs/promises';
import { unreachable } from './growing-file.js';

/** Writes a whole file, to the disk. Throws BUS_UNREACHABLE. */
export async function writeDurably(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreachable(path, error);
  }
}

/** Brings a folder's list of names to the disk. Throws BUS_UNREACHABLE. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw unreachable(path, error);
  }
}

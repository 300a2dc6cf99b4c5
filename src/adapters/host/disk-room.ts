// Asks the disks for room by writing: permissions, free blocks and quotas each tell a part of it only.
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskFull, isDiskFull } from '../../domain/disk-full.js';
import { messageOf } from '../../domain/errors.js';
import type { DiskRoom } from '../../ports/disk-room.js';
import { hasCode } from './system-error.js';

const NAME = '.room';
/** What is needed to begin anything at all. */
const PROBE = Buffer.alloc(64 * 1024, 1);

/** The room in these folders, which are made if they are not there. Other troubles than a full disk are not its business. */
export function createDiskRoom(folders: readonly string[]): DiskRoom {
  const asked = [...new Set(folders)];
  return {
    async lack() {
      const lacks = await Promise.all(asked.map(lackIn));
      return lacks.find((lack) => lack !== undefined);
    },
  };
}

async function lackIn(folder: string): Promise<string | undefined> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeUnseen(join(folder, NAME));
    return undefined;
  } catch (error) {
    return isDiskFull(error) ? diskFull(messageOf(error)).message : undefined;
  }
}

/** The name is gone before anything is written: a kill leaves no bytes, and those who list the folder know what is theirs. */
async function writeUnseen(path: string): Promise<void> {
  const file = await openAnew(path);
  try {
    await rm(path, { force: true });
    await file.writeFile(PROBE);
  } finally {
    await file.close();
  }
}

/**
 * Never what has the name already, which may be a link to what is not ours: that is taken away. It may also be of somebody
 * who asks at this moment, and needs the name no more.
 */
async function openAnew(path: string): Promise<FileHandle> {
  for (;;) {
    await rm(path, { force: true });
    try {
      return await open(path, 'wx', 0o600);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  }
}

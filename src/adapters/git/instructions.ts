// What the repository itself tells Claude, read from a worktree that nobody has touched yet: no link is followed, and
// no more is read than fits.
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../host/system-error.js';

/** Per file; the text becomes an argument of a command, which the system limits to 128 KiB. */
const MAX_BYTES = 48 * 1024;
const NOTHING_THERE = ['ENOENT', 'ENOTDIR', 'ELOOP'];

/** The texts of the CLAUDE.md files of a worktree, joined; empty when it has none. */
export async function readInstructions(workTree: string): Promise<string> {
  const folder = join(workTree, '.claude');
  const [inFolder, atTop] = await Promise.all([
    isFolder(folder).then((is) => (is ? readStart(join(folder, 'CLAUDE.md')) : '')),
    readStart(join(workTree, 'CLAUDE.md')),
  ]);
  return [inFolder, atTop].filter((text) => text.trim() !== '').join('\n\n');
}

const isFolder = (path: string): Promise<boolean> =>
  lstat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** The text of a regular file, and a word that it was cut where it was; empty for anything else. */
async function readStart(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error) => {
      if (!NOTHING_THERE.some((code) => hasCode(error, code))) throw error;
    },
  );
  if (file === undefined) return '';
  try {
    if (!(await file.stat()).isFile()) return '';
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(MAX_BYTES + 1) });
    const text = buffer.subarray(0, Math.min(bytesRead, MAX_BYTES)).toString();
    if (bytesRead <= MAX_BYTES) return text;
    return `${text}\n[Only the first ${MAX_BYTES} bytes of this file are shown; read the file for the rest.]`;
  } finally {
    await file.close();
  }
}

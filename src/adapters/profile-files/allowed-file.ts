// Which files of this host a caller may name: only below configured roots, whatever links and dots the path holds.
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, sep } from 'node:path';
import { AgenticoreError } from '../../domain/errors.js';

const MAX_BYTES = 1024 * 1024;

/** Resolves a caller's path to the real one below one of `roots`. The function throws FILE_PATH_REFUSED. */
export function createFileCheck(roots: readonly string[]): (path: string) => Promise<string> {
  return async (path) => {
    if (roots.length === 0)
      throw refuse('this server allows no files (AGENTICORE_MCP_FILE_ROOTS is not set)');
    if (!isAbsolute(path) || path.includes('\0')) throw refuse('it must be an absolute path');
    const real = await realpath(path).catch(() => undefined);
    const allowed = await Promise.all(roots.map((root) => realpath(root).catch(() => root)));
    // One answer for "outside" and "not there": callers must not learn which files exist elsewhere.
    const inside =
      real !== undefined && allowed.some((root) => real.startsWith(root.endsWith(sep) ? root : root + sep));
    if (!inside || real === undefined) throw refuse('there is no such file below the allowed roots');
    const found = await stat(real);
    if (!found.isFile() || found.size > MAX_BYTES) throw refuse('it must be a file of at most 1 MiB');
    return real;
  };
}

const refuse = (why: string): AgenticoreError =>
  new AgenticoreError('FILE_PATH_REFUSED', `file_path is refused: ${why}.`);

// What the repository itself tells Claude, read from the commit rather than from the disk: nothing is followed.
import { localFailure } from './failure.js';
import type { Mirror } from './mirror.js';
import type { RunGit } from './run-git.js';

const PATHS = ['CLAUDE.md', '.claude/CLAUDE.md'];
const REGULAR_FILE = /^100(?:644|755) blob ([0-9a-f]+)\t/;
/** Per file; the text becomes an argument of a command, which the system limits to 128 KiB. */
const MAX_BYTES = 48 * 1024;

/** The texts of the repository's CLAUDE.md files at a commit, joined; empty when it has none. */
export async function readInstructions(git: RunGit, { place }: Mirror, oid: string): Promise<string> {
  const listed = await git({ args: ['ls-tree', '-z', oid, '--', ...PATHS], place });
  if (listed.exitCode !== 0) throw localFailure('read CLAUDE.md', listed);
  const blobs = listed.stdout
    .toString()
    .split('\0')
    .map((entry) => REGULAR_FILE.exec(entry)?.[1])
    .filter((blob) => blob !== undefined);
  const texts = await Promise.all(
    blobs.map(async (blob) => {
      const { stdout, cut } = await git({ args: ['cat-file', 'blob', blob], place, maxBytes: MAX_BYTES });
      return cut
        ? `${stdout.toString()}\n[Only the first ${MAX_BYTES} bytes of this file are shown; read the file for the rest.]`
        : stdout.toString();
    }),
  );
  return texts.filter((text) => text.trim() !== '').join('\n\n');
}

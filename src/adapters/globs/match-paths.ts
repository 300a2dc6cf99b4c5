// Globs over paths of a repository, as people know them from .gitignore: one without a slash is meant at any depth, and
// what is meant covers all that lies in it.
import picomatch from 'picomatch';
import { AgenticoreError } from '../../domain/errors.js';
import type { MatchPaths } from '../../domain/guard.js';

/** `s`: a path may have line breaks. `i`: some disks do not see letter case, so it is no place to hide. */
const OPTIONS = { dot: true, nonegate: true, flags: 'is', debug: true } as const;

/** Throws BROKEN_PROFILE for a glob that cannot be read: it would quietly match nothing. */
export const matchPaths: MatchPaths = (globs) => {
  const tests = globs.flatMap(readings).map((glob) => testOf(glob));
  return (path) => tests.some((test) => test(path));
};

function readings(glob: string): readonly string[] {
  const bare = glob.replace(/\/+$/, '');
  const rooted = bare.includes('/') ? bare.replace(/^\.?\//, '') : `**/${bare}`;
  return [rooted, `${rooted}/**`];
}

function testOf(glob: string): (path: string) => boolean {
  try {
    return picomatch(glob, OPTIONS);
  } catch (error) {
    throw new AgenticoreError('BROKEN_PROFILE', `guard: the glob ${glob} cannot be read: ${String(error)}`);
  }
}

// A job can destroy the objects it shares with every other job of the repository (`rm -rf .git/objects` from within
// its worktree). The remote has them all: what it knows is fetched anew, and refs to what only we knew are given up.
import { isCode } from '../../domain/errors.js';
import type { Log } from '../../ports/log.js';
import type { Mirror } from './mirror.js';
import { changeRefs, listRefs } from './refs.js';
import type { GitResult, RunGit } from './run-git.js';

/** What git says when objects are gone that refs still lead to. */
const DAMAGED =
  /bad object|missing (blob|tree|commit)|unable to (read|find|parse)|could not (read|parse)|Could not read|did not send all necessary objects|corrupt|invalid sha1 pointer|unresolved deltas/;

/** True when a fetch failed because of what is missing here, not because of the remote. */
export const isDamaged = ({ exitCode, stderr }: GitResult): boolean => exitCode !== 0 && DAMAGED.test(stderr);

/** True for the error of a git command that failed because of what is missing here. */
export const tellsDamage = (error: unknown): boolean =>
  isCode(error, 'WORKSPACE_FAILED') && error instanceof Error && DAMAGED.test(error.message);

/**
 * Makes the mirror fit to be fetched into again. `refetch` fetches every object of the remote, whatever is here.
 * Call it while holding the repository's lock. Throws WORKSPACE_FAILED.
 */
export async function healMirror(
  git: RunGit,
  mirror: Mirror,
  refetch: () => Promise<GitResult>,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  // It may well fail over the refs that are given up below; the objects have arrived all the same.
  await refetch();
  const refs = await listRefs(git, mirror, [], signal);
  const input = refs.map(({ oid }) => `${oid}\n`).join('');
  const args = ['cat-file', '--batch-check=%(objectname)'];
  const { stdout } = await git({ args, place: mirror.place, input, signal });
  const answers = stdout.toString().split('\n');
  const lost = refs.filter((_, index) => answers[index]?.endsWith(' missing'));
  await changeRefs(
    git,
    mirror,
    lost.map(({ name }) => ({ name, oid: undefined })),
    signal,
  );
  log('mirror.healed', { repository: mirror.key, lost: lost.map(({ name }) => name) }, 'error');
}

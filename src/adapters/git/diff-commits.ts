// The difference between two commits as people read it, from the mirror alone: it outlives the worktree.
import { localFailure } from './failure.js';
import type { Mirror } from './mirror.js';
import type { RunGit } from './run-git.js';

/** Beyond this the rest is left out, and a last line says so. */
const MAX_DIFF_BYTES = 20 * 1024 * 1024;

const OPTIONS = [
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--submodule=short',
  '--src-prefix=a/',
  '--dst-prefix=b/',
];

/** Unified diff from `base` to `head`, both full commit ids that the mirror has. Bytes that are no UTF-8 become U+FFFD. */
export async function diffCommits(
  git: RunGit,
  { place }: Mirror,
  base: string,
  head: string,
  maxBytes = MAX_DIFF_BYTES,
): Promise<string> {
  const result = await git({ args: ['diff', ...OPTIONS, base, head, '--'], place, maxBytes });
  if (result.cut) {
    const whole = result.stdout.subarray(0, result.stdout.lastIndexOf(0x0a) + 1);
    return `${whole.toString()}[The diff is larger than ${maxBytes} bytes; the rest is left out.]\n`;
  }
  if (result.exitCode !== 0) throw localFailure('compare the commits', result);
  return result.stdout.toString();
}

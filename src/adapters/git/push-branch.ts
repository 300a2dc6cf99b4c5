// The commit goes to the job's branch on the remote, replacing only what this job put there itself. The lease makes
// the remote compare once more at the moment of the push, so that nobody's commit is lost in a race.
import { AgenticoreError } from '../../domain/errors.js';
import { reasonOf, redact, remoteFailure } from './failure.js';
import type { Mirror } from './mirror.js';
import { refusalIn } from './push-refusals.js';
import type { Remote } from './remote.js';
import type { GitResult } from './run-git.js';

export interface PushOrder {
  readonly branch: string;
  readonly oid: string;
  /** Where the branch on the remote stood when the workspace opened; undefined = there was none. */
  readonly tip: string | undefined;
  /** Commits of this job's earlier attempts, which may be replaced. */
  readonly ownCommits: ReadonlySet<string>;
}

const TIMEOUT_MS = 15 * 60_000;
const MAX_TRIES = 3;

/** Pushes. Throws PUSH_REFUSED with the remote's reason, or REPOSITORY_*. */
export async function pushBranch(
  remote: Remote,
  mirror: Mirror,
  order: PushOrder,
  signal: AbortSignal,
): Promise<void> {
  let tip = order.tip;
  if (tip === order.oid) return; // an earlier attempt came that far
  for (let tries = 1; ; tries += 1) {
    const mayReplace = await isOurs(remote, mirror, order, tip, signal);
    if (mayReplace) {
      const result = await push(remote, mirror, order, tip, signal);
      if (result.exitCode === 0) return;
      if (!isStale(result) || tries === MAX_TRIES) throw pushFailure(result);
    } else if (tries > 1) {
      throw somebodyElses(order.branch, tip);
    }
    tip = await readTip(remote, mirror, order.branch, signal);
    if (tip === order.oid) return;
  }
}

/** True when nothing of anybody else goes away: no branch yet, our own commit, or one that ours is built on. */
async function isOurs(
  remote: Remote,
  mirror: Mirror,
  order: PushOrder,
  tip: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (tip === undefined || order.ownCommits.has(tip)) return true;
  const args = ['merge-base', '--is-ancestor', tip, order.oid];
  const { exitCode } = await remote.git({ args, place: mirror.place, signal });
  return exitCode === 0;
}

function push(
  remote: Remote,
  mirror: Mirror,
  { branch, oid }: PushOrder,
  tip: string | undefined,
  signal: AbortSignal,
): Promise<GitResult> {
  const ref = `refs/heads/${branch}`;
  const lease = `--force-with-lease=${ref}:${tip ?? ''}`;
  const args = ['push', '--porcelain', '--no-verify', lease, '--', mirror.url, `${oid}:${ref}`];
  return remote.run(mirror, { args, signal, timeoutMs: TIMEOUT_MS });
}

async function readTip(
  remote: Remote,
  mirror: Mirror,
  branch: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const ref = `refs/heads/${branch}`;
  const result = await remote.run(mirror, { args: ['ls-remote', '--', mirror.url, ref], signal });
  if (result.exitCode !== 0) throw remoteFailure(result);
  const lines = result.stdout.toString().split('\n');
  return lines.find((line) => line.endsWith(`\t${ref}`))?.split('\t')[0];
}

/** The branch moved since we looked: by somebody else, or by a twin of this attempt. */
const isStale = ({ stdout, stderr }: GitResult): boolean =>
  /\(stale info\)|\(fetch first\)|cannot lock ref|failed to update ref/.test(stdout.toString() + stderr);

function pushFailure(result: GitResult): AgenticoreError {
  // `!<tab>from:to<tab>[remote rejected] (reason)`: the remote was reached and said no.
  const verdict = /^!\t[^\t]*\t\[[^\]]*\](?: \((.*)\))?/m.exec(result.stdout.toString());
  const words = result.stderr
    .split('\n')
    .filter((line) => line.startsWith('remote: '))
    .join('\n');
  const reason = verdict?.[1] ?? '';
  const known = refusalIn(`${reason}\n${words}`);
  if (verdict === null && known === undefined) return remoteFailure(result);
  const why = reason === '' ? '' : ` (${redact(reason)})`;
  const said = words === '' ? '' : `: ${reasonOf(words)}`;
  return new AgenticoreError('PUSH_REFUSED', `${known ?? 'The remote refused the push'}${why}${said}`);
}

const somebodyElses = (branch: string, tip: string | undefined): AgenticoreError =>
  new AgenticoreError(
    'PUSH_REFUSED',
    `The branch ${branch} on the remote has a commit of somebody else (${tip?.slice(0, 12)}); it was not overwritten.`,
  );

// What the refs of the remote stand at now, in its own words, so far as their commits are here.
import { remoteFailure } from './failure.js';
import type { MirrorFetcher } from './fetch-mirror.js';
import type { Mirror } from './mirror.js';
import type { Remote } from './remote.js';

export interface RemoteAccess {
  readonly remote: Remote;
  readonly fetcher: MirrorFetcher;
}

const MAX_BYTES = 32 * 1024 * 1024;
/** Those that a fetch brings here. */
const FETCHED = /^refs\/(heads|tags)\//;

/** Ids, some of which may not be here. Throws REPOSITORY_*. */
export async function tipsOfRemote(
  { remote, fetcher }: RemoteAccess,
  mirror: Mirror,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const result = await remote.run(mirror, {
    args: ['ls-remote', '--', mirror.url],
    signal,
    maxBytes: MAX_BYTES,
  });
  // With a part of them, more counts as new.
  if (!result.cut && result.exitCode !== 0) throw remoteFailure(result);
  const rows = result.stdout
    .toString()
    .split('\n')
    .map((line) => line.split('\t'));
  const idsOf = (isWanted: (ref: string) => boolean): readonly string[] => [
    ...new Set(rows.filter(([, ref]) => ref !== undefined && isWanted(ref)).map(([oid = '']) => oid)),
  ];
  // What was pushed there meanwhile may be what the base has become: without it, the base would look new.
  const input = idsOf((ref) => FETCHED.test(ref)).map((oid) => `${oid}\n`);
  const known = await remote.git({
    args: ['cat-file', '--batch-check'],
    place: mirror.place,
    input: input.join(''),
    signal,
  });
  if (/ missing$/m.test(known.stdout.toString())) await fetcher.fetch(mirror, signal);
  return idsOf(() => true);
}

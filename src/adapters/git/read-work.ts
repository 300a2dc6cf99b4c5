// What a push would give to the remote: every commit and content that it does not have, not only the last state. What
// was added by one commit and taken away by the next is pushed all the same.
import type { Work } from '../../ports/work.js';
import { localFailure, remoteFailure } from './failure.js';
import { findInBase } from './find-in-base.js';
import type { Mirror } from './mirror.js';
import { parseChanges } from './parse-changes.js';
import { readObjects } from './read-objects.js';
import type { Remote } from './remote.js';

/** A longer list is cut, and the work counts as too large to be looked through. */
const MAX_LIST_BYTES = 32 * 1024 * 1024;
const RAW = ['-r', '-c', '--root', '--raw', '-z', '--no-renames', '--no-abbrev'];

/** Looks at what leads from `base` to `head`, both full ids. Throws WORKSPACE_FAILED or REPOSITORY_*. */
export async function readWork(
  remote: Remote,
  mirror: Mirror,
  base: string,
  head: string,
  signal: AbortSignal,
): Promise<Work> {
  const { git } = remote;
  let isCut = false;
  const list = async (args: readonly string[], input = ''): Promise<string> => {
    const result = await git({ args, place: mirror.place, input, signal, maxBytes: MAX_LIST_BYTES });
    if (result.cut) isCut = true;
    else if (result.exitCode !== 0) throw localFailure('list the work', result);
    return result.stdout.toString('latin1');
  };
  const count = (...more: readonly string[]) => list(['rev-list', '--count', head, `^${base}`, ...more]);

  // Refs may be claude's own doing: they only tell when it is worth asking the remote itself.
  const hasOthers = (await count()) !== (await count('--not', '--remotes=origin'));
  const known = hasOthers ? await tipsOf(remote, mirror, signal) : [];
  const range = [head, ...[base, ...known].map((oid) => `^${oid}`)].join('\n');
  const objects = await list(
    ['rev-list', '--objects', '--no-object-names', '--ignore-missing', '--stdin'],
    `${range}\n`,
  );
  const rows = (await list(['cat-file', '--batch-check'], objects)).split('\n');
  const sizesOf = (type: string): ReadonlyMap<string, number> =>
    new Map(
      rows
        .map((row) => row.split(' '))
        .filter((row) => row[1] === type)
        .map(([oid = '', , bytes]) => [oid, Number(bytes)]),
    );
  const [commits, blobs] = [sizesOf('commit'), sizesOf('blob')];
  const changes = await list(['diff-tree', '--stdin', ...RAW], [...commits.keys(), ''].join('\n'));
  const difference = await list(['diff-tree', ...RAW, base, head]);
  const source = { git, mirror };
  return {
    commits,
    blobs,
    changes: parseChanges(changes, head),
    difference: parseChanges(difference, head),
    isCut,
    read: (oids, signal) => readObjects(source, oids, new Map([...commits, ...blobs]), signal),
    inBase: (texts, signal) => findInBase(source, base, texts, signal),
  };
}

/** Where the remote's branches and tags stand now, in its own words. */
async function tipsOf(remote: Remote, mirror: Mirror, signal: AbortSignal): Promise<readonly string[]> {
  const args = ['ls-remote', '--heads', '--tags', '--', mirror.url];
  const result = await remote.run(mirror, { args, signal, maxBytes: MAX_LIST_BYTES });
  if (result.exitCode !== 0) throw remoteFailure(result);
  const lines = result.stdout.toString().split('\n').filter(Boolean);
  return lines.map((line) => line.slice(0, line.indexOf('\t')));
}

// What a push would give to the remote: every commit and content that it does not have, not only the last state. What
// was added by one commit and taken away by the next is pushed all the same. What the remote has, it is asked itself:
// claude can write the refs here, and the record of the base.
import type { Work } from '../../ports/work.js';
import { localFailure } from './failure.js';
import { findInBase } from './find-in-base.js';
import type { Mirror } from './mirror.js';
import { parseChanges } from './parse-changes.js';
import { readObjects } from './read-objects.js';
import { type RemoteAccess, tipsOfRemote } from './tips-of-remote.js';

/** A longer list is cut, and the work counts as too large to be looked through. */
const MAX_LIST_BYTES = 32 * 1024 * 1024;
const RAW = ['-r', '-c', '--root', '--raw', '-z', '--no-renames', '--no-abbrev'];

/** Looks at what leads from `base` to `head`, both full ids. Throws WORKSPACE_FAILED or REPOSITORY_*. */
export async function readWork(
  access: RemoteAccess,
  mirror: Mirror,
  base: string,
  head: string,
  signal: AbortSignal,
): Promise<Work> {
  const { git } = access.remote;
  let isCut = false;
  const list = async (args: readonly string[], input = ''): Promise<string> => {
    const result = await git({ args, place: mirror.place, input, signal, maxBytes: MAX_LIST_BYTES });
    if (result.cut) isCut = true;
    else if (result.exitCode !== 0) throw localFailure('list the work', result);
    return result.stdout.toString('latin1');
  };
  const tips = await tipsOfRemote(access, mirror, signal);
  const objects = await list(
    ['rev-list', '--objects', '--no-object-names', '--ignore-missing', '--stdin'],
    [head, ...tips.map((oid) => `^${oid}`), ''].join('\n'),
  );
  const sizes = parseSizes(await list(['cat-file', '--batch-check'], objects));
  const [commits, blobs] = [sizes('commit'), sizes('blob')];
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
    // A base that the remote does not have is no excuse for anything.
    inBase: async (texts, signal) =>
      commits.has(base) ? new Set() : findInBase(source, base, texts, signal),
  };
}

/** Rows of `<id> <type> <bytes>`, by type. */
function parseSizes(text: string): (type: string) => ReadonlyMap<string, number> {
  const rows = text.split('\n').map((row) => row.split(' '));
  return (type) =>
    new Map(rows.filter((row) => row[1] === type).map(([oid = '', , bytes]) => [oid, Number(bytes)]));
}

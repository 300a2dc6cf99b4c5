// A mirror can be damaged: by a job (`rm -rf .git/objects` from within its worktree), by a full disk, by a power cut. The
// remote has nearly all of it, so a new one is fetched beside it; what only we knew - the kept work of jobs, what is in
// open worktrees - is carried over as far as it is whole, and the two change places. Until then nothing is touched: while
// the remote is away a damaged mirror stays as it is.
import { createHash } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { isCode } from '../../domain/errors.js';
import type { Log } from '../../ports/log.js';
import { hasCode } from '../host/system-error.js';
import { readIfThere } from './exclusive-file.js';
import { type Mirror, prepareMirror } from './mirror.js';
import { changeRefs, listRefs } from './refs.js';
import type { Held } from './repository-lock.js';
import type { GitResult, RunGit } from './run-git.js';

/** What git says when something is gone or garbled that it needs. */
const DAMAGED =
  /bad object|missing (blob|tree|commit)|unable to (read|find|parse)|could not (read|parse)|Could not read|did not send all necessary objects|corrupt|invalid sha1 pointer|unresolved deltas|does not match index|too short to be a packfile|is not a valid object|broken ref|reference broken|(unexpected|unterminated) line in|bad shallow line|inflate:/;

/** True when a fetch failed because of what is here, not because of the remote. */
export const isDamaged = ({ exitCode, stderr }: GitResult): boolean => exitCode !== 0 && DAMAGED.test(stderr);

/** True for the error of a git command that failed because of what is here. */
export const tellsDamage = (error: unknown): boolean =>
  isCode(error, 'WORKSPACE_FAILED') && error instanceof Error && DAMAGED.test(error.message);

/** What a fetch brings by itself. */
const FROM_REMOTE = /^refs\/(remotes\/origin|tags)\/|^refs\/agenticore-origin\/HEAD$/;
const REPLACED = ['objects', 'refs', 'packed-refs', 'shallow'] as const;

/**
 * Replaces what is damaged. `fetchInto` fetches all that the remote has into an empty mirror; what it throws is thrown.
 * Call it while holding the repository's lock.
 */
export async function healMirror(
  git: RunGit,
  mirror: Mirror,
  fetchInto: (fresh: Mirror) => Promise<void>,
  log: Log,
  held: Held,
): Promise<void> {
  const room = join(mirror.stagingDir, 'heal');
  await rm(room, { recursive: true, force: true });
  const fresh: Mirror = {
    ...mirror,
    gitDir: join(room, 'mirror.git'),
    place: { gitDir: join(room, 'trusted.git') },
    recordsDir: join(room, 'workspaces'),
  };
  await prepareMirror(fresh, log);
  await fetchInto(fresh);
  await carryLooseObjects(mirror, fresh);
  const known = (await listRefs(git, fresh, [], held.signal)).map(({ oid }) => `^${oid}\n`).join('');
  const lost: string[] = [];
  for (const { name, oid } of await readRefs(mirror)) {
    const isCarried = await carryObjects(git, mirror, fresh, `${oid}\n${known}`, held.signal);
    if (!isCarried || !(await setRef(git, fresh, name, oid, held.signal))) lost.push(name);
  }
  await held.confirm();
  const damaged = join(room, 'damaged');
  await mkdir(damaged);
  for (const name of REPLACED) {
    await renameIfThere(join(mirror.gitDir, name), join(damaged, name));
    await renameIfThere(join(fresh.gitDir, name), join(mirror.gitDir, name));
  }
  await rm(room, { recursive: true, force: true });
  log('mirror.healed', { repository: mirror.key, lost }, 'error');
}

/** Objects that are files of their own are what jobs made lately, also what no ref leads to yet. */
async function carryLooseObjects(from: Mirror, to: Mirror): Promise<void> {
  const objects = join(from.gitDir, 'objects');
  for (const folder of await namesIn(objects)) {
    if (!/^[0-9a-f]{2}$/.test(folder)) continue;
    await mkdir(join(to.gitDir, 'objects', folder), { recursive: true });
    for (const file of await namesIn(join(objects, folder))) {
      const path = join(objects, folder, file);
      if (!(await isWhole(path, folder + file))) continue;
      await link(path, join(to.gitDir, 'objects', folder, file)).catch((error) => {
        if (!hasCode(error, 'EEXIST')) throw error;
      });
    }
  }
}

/** True when the file is the object of that id. */
async function isWhole(path: string, oid: string): Promise<boolean> {
  const algorithm = oid.length === 40 ? 'sha1' : 'sha256';
  const content = await readFile(path)
    .then((bytes) => promisify(inflate)(bytes))
    .catch(() => undefined);
  return content !== undefined && createHash(algorithm).update(content).digest('hex') === oid;
}

interface Told {
  readonly name: string;
  readonly oid: string;
}

/** What only this mirror's refs say, read without git, which refuses them all when one line is wrong. */
async function readRefs({ gitDir }: Mirror): Promise<readonly Told[]> {
  const packed = ((await readIfThere(join(gitDir, 'packed-refs'))) ?? '')
    .split('\n')
    .map((line) => /^([0-9a-f]{40,64}) (refs\/\S+)$/.exec(line))
    .map((match): [string, string] => [match?.[2] ?? '', match?.[1] ?? '']);
  const told = new Map(packed);
  for (const path of await namesIn(join(gitDir, 'refs'), true)) {
    const oid = /^([0-9a-f]{40,64})\n?$/.exec((await readIfThere(join(gitDir, 'refs', path))) ?? '')?.[1];
    if (oid !== undefined) told.set(`refs/${path}`, oid);
  }
  return [...told]
    .map(([name, oid]) => ({ name, oid }))
    .filter(({ name }) => name !== '' && !FROM_REMOTE.test(name));
}

/** Packs what the revisions lead to and `to` does not have; false when that is not whole any more. */
async function carryObjects(
  git: RunGit,
  from: Mirror,
  to: Mirror,
  revisions: string,
  signal: AbortSignal,
): Promise<boolean> {
  const args = ['pack-objects', '--revs', '--quiet', join(to.gitDir, 'objects', 'pack', 'pack')];
  const env = { GIT_ALTERNATE_OBJECT_DIRECTORIES: join(from.gitDir, 'objects') };
  return (await git({ args, place: to.place, env, input: revisions, signal })).exitCode === 0;
}

/** Sets a ref; false when git finds nothing fit behind it. */
const setRef = (
  git: RunGit,
  mirror: Mirror,
  name: string,
  oid: string,
  signal: AbortSignal,
): Promise<boolean> =>
  changeRefs(git, mirror, [{ name, oid }], signal).then(
    () => true,
    (error) => {
      if (!isCode(error, 'WORKSPACE_FAILED')) throw error;
      return false;
    },
  );

const namesIn = (folder: string, recursive = false): Promise<string[]> =>
  readdir(folder, { recursive }).catch(() => []);

async function renameIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
}

// Looking after the cache as a whole, so that it grows neither with the jobs that there were nor without bound: kept work
// of jobs that nobody knows any more goes, what lies about is packed, and what was used longest ago is evicted. Each
// mirror is touched under its lock, and nothing that a job may still ask for is touched at all.
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../ports/log.js';
import { localFailure } from './failure.js';
import {
  clearMirror,
  closeTrustedDoor,
  isUnused,
  listMirrors,
  type Mirror,
  removeUnfinished,
} from './mirror.js';
import { changeRefs, listRefs } from './refs.js';
import type { Held, RepositoryLocks } from './repository-lock.js';
import type { GitCall, RunGit } from './run-git.js';

export interface TendDeps {
  readonly reposRoot: string;
  readonly git: RunGit;
  readonly locks: RepositoryLocks;
  readonly log: Log;
  /** Work that was committed later than this long ago stays, whoever knows the job: a bus may be empty by mistake. */
  readonly graceMs: number;
  /** Undefined: no limit. */
  readonly maxBytes: number | undefined;
}

/**
 * Longer than an opening takes from its first look at the mirror to its record there, the longest fetch included. The
 * clocks of hosts that share the cache may differ by what is left of it.
 */
const IDLE_MS = 2 * 60 * 60_000;
const MAX_LOOSE = 2_000;
const MAX_PACKS = 30;
/** What no ref leads to stays for so long: somebody may be about to lead one there. */
const UNREACHABLE = '1.day.ago';
const PACK_TIMEOUT_MS = 60 * 60_000;
/** Refs that are ours; others were made by claude, and are over with its worktree. */
const OURS = /^refs\/(remotes\/origin|tags|agenticore|agenticore-origin)\//;

const KEPT = 'refs/agenticore';

interface Weight {
  readonly bytes: number;
  readonly loose: number;
  readonly packs: number;
}

interface Tended {
  readonly mirror: Mirror;
  readonly usedAt: number;
  readonly bytes: number;
}

/** Tends every mirror, then evicts while they are too large together. A mirror that fails is left for the next time. */
export async function tendMirrors(
  deps: TendDeps,
  isKnown: (jobId: string) => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  const { reposRoot, locks, log, maxBytes } = deps;
  const tended: Tended[] = [];
  for (const mirror of await listMirrors(reposRoot)) {
    try {
      const one = await locks.hold(mirror.lockPath, signal, (held) => tend(deps, mirror, isKnown, held));
      if (one !== undefined) tended.push(one);
    } catch (error) {
      signal.throwIfAborted();
      log('cache.mirror_skipped', { repository: mirror.key, error: String(error) }, 'warn');
    }
  }
  if (maxBytes !== undefined) await evict(deps, tended, maxBytes, signal);
}

async function tend(
  { git, graceMs, log }: TendDeps,
  mirror: Mirror,
  isKnown: (jobId: string) => Promise<boolean>,
  held: Held,
): Promise<Tended | undefined> {
  await rm(join(mirror.stagingDir, 'heal'), { recursive: true, force: true }); // somebody was killed healing
  if (!(await isMade(mirror))) return undefined; // it was evicted
  await closeTrustedDoor(mirror);
  await rm(join(mirror.gitDir, 'objects', 'info'), { recursive: true, force: true });
  await removeUnfinished(mirror, IDLE_MS);
  const isIdle = (await isUnused(mirror)) && Date.now() - (await usedAt(mirror)) > IDLE_MS;
  const over: string[] = [];
  for (const [jobId, kept] of await keptByJob(git, mirror, held.signal)) {
    const newest = Math.max(...kept.map(({ committedAt }) => committedAt));
    if (Date.now() - newest > graceMs && !(await isKnown(jobId))) over.push(...kept.map(({ name }) => name));
  }
  if (isIdle)
    for (const { name } of await listRefs(git, mirror, [], held.signal))
      if (!OURS.test(name)) over.push(name);
  await held.confirm();
  await changeRefs(
    git,
    mirror,
    over.map((name) => ({ name, oid: undefined })),
    held.signal,
  );
  if (over.length > 0) log('cache.forgotten', { repository: mirror.key, refs: over.length });
  const weight = await weigh(mirror);
  const commands = packingOf(weight, isIdle && over.length > 0);
  for (const args of commands) await pack(git, mirror, args, held);
  const { bytes } = commands.length === 0 ? weight : await weigh(mirror);
  return { mirror, usedAt: await usedAt(mirror), bytes };
}

/** Only where nobody works is anything thrown away; elsewhere objects change places, and none is lost. */
function packingOf({ loose, packs }: Weight, isOver: boolean): readonly (readonly string[])[] {
  if (isOver)
    return [
      ['repack', '-A', '-d', '-l', '--quiet', `--unpack-unreachable=${UNREACHABLE}`],
      ['prune', `--expire=${UNREACHABLE}`],
    ];
  return loose > MAX_LOOSE || packs > MAX_PACKS ? [['repack', '-d', '-l', '--quiet', '--geometric=2']] : [];
}

async function pack(git: RunGit, mirror: Mirror, args: readonly string[], { signal }: Held): Promise<void> {
  const call: GitCall = { args, place: mirror.place, signal, timeoutMs: PACK_TIMEOUT_MS };
  const { exitCode, stderr } = await git(call);
  if (exitCode !== 0) throw new Error(`git ${args[0]}: ${stderr}`);
}

/** Evicts idle mirrors without kept work, those used longest ago first, until the rest fits. */
async function evict(
  { git, locks, log }: TendDeps,
  tended: readonly Tended[],
  maxBytes: number,
  signal: AbortSignal,
): Promise<void> {
  let bytes = tended.reduce((sum, one) => sum + one.bytes, 0);
  for (const one of [...tended].sort((a, b) => a.usedAt - b.usedAt)) {
    if (bytes <= maxBytes) return;
    const { mirror } = one;
    if (Date.now() - one.usedAt <= IDLE_MS) break;
    const isGone = await locks.hold(mirror.lockPath, signal, async (held) => {
      const kept = await listRefs(git, mirror, [KEPT], held.signal);
      if (kept.length > 0 || !(await isUnused(mirror)) || (await usedAt(mirror)) !== one.usedAt) return false;
      await held.confirm();
      await clearMirror(mirror);
      return true;
    });
    if (!isGone) continue;
    bytes -= one.bytes;
    log('cache.evicted', { repository: mirror.key, bytes: one.bytes });
  }
  if (bytes > maxBytes) log('cache.too_large', { bytes, max_bytes: maxBytes }, 'warn');
}

const isMade = ({ gitDir }: Mirror): Promise<boolean> =>
  readdir(gitDir).then(
    () => true,
    () => false,
  );

const usedAt = ({ usedPath }: Mirror): Promise<number> =>
  stat(usedPath).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

interface Kept {
  readonly name: string;
  /** As the commit says itself; epoch ms. */
  readonly committedAt: number;
}

async function keptByJob(
  git: RunGit,
  { place }: Mirror,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly Kept[]>> {
  const args = ['for-each-ref', '--format=%(refname) %(committerdate:unix)', KEPT];
  const result = await git({ args, place, signal });
  if (result.exitCode !== 0) throw localFailure('list the kept work', result);
  const jobs = new Map<string, Kept[]>();
  for (const line of result.stdout.toString().split('\n').filter(Boolean)) {
    const [name = '', seconds = ''] = line.split(' ');
    const jobId = name.split('/')[2] ?? '';
    jobs.set(jobId, [...(jobs.get(jobId) ?? []), { name, committedAt: Number(seconds) * 1000 }]);
  }
  return jobs;
}

/** What the objects of a mirror weigh: nearly all of it, in a few files once it is packed. */
async function weigh({ gitDir }: Mirror): Promise<Weight> {
  const objects = join(gitDir, 'objects');
  const names = await readdir(objects, { recursive: true });
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(objects, name)).then(
        (found) => (found.isFile() ? found.size : 0),
        () => 0,
      ),
    ),
  );
  return {
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    loose: names.filter((name) => /^[0-9a-f]{2}\/[0-9a-f]+$/.test(name)).length,
    packs: names.filter((name) => name.endsWith('.pack')).length,
  };
}

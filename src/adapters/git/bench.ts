// A worktree on disk and the record of it: made, found again after a crash, and taken away. The record is ours alone,
// because claude may have changed or deleted everything that git itself remembers of a worktree.
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { exists } from '../host/exists.js';
import { hasCode } from '../host/system-error.js';
import { createExclusive, ensureContent, readIfThere } from './exclusive-file.js';
import { localFailure } from './failure.js';
import { readInstructions } from './instructions.js';
import type { Mirror } from './mirror.js';
import { type Life, lifeOf, OWN_IDENTITY, type ProcessIdentity } from './process-identity.js';
import type { GitPlace, RunGit } from './run-git.js';

export interface Bench {
  readonly mirror: Mirror;
  readonly jobId: string;
  /** `<job id>-<n>`: the folder's name, and git's name for the worktree. */
  readonly name: string;
  readonly path: string;
  /** What is checked out: the job's branch, or one beside it while somebody else still has that. */
  readonly branch: string;
  /** As people name the base. */
  readonly baseRef: string;
  readonly baseOid: string;
  /** The attempt that opened it. */
  readonly attempt: number;
  /** The repository's own words for Claude, as first checked out. */
  readonly instructions: string;
  /** Undefined: nobody works in it, and it was kept for an attempt that goes on. */
  readonly owner: ProcessIdentity | undefined;
}

export interface BenchOrder {
  readonly worktreeRoot: string;
  readonly jobId: string;
  readonly branch: string;
  readonly baseRef: string;
  readonly baseOid: string;
  readonly attempt: number;
}

/** Writing the files is nearly all of an opening; a few writers at once wait less for the disk. */
const CHECKOUT_WORKERS = Math.min(4, availableParallelism());

const JOB_ID = /^[a-z0-9][a-z0-9_-]{0,99}$/i;

/** Refuses what cannot be a name in the file system and in refs; job ids are ours, so another one is a bug. */
export function assertJobId(jobId: string): void {
  if (!JOB_ID.test(jobId)) throw new Error(`not a job id: ${jobId}`);
}

/** Git's own folder for the worktree. */
export const adminDirOf = ({ mirror, name }: Bench): string => join(mirror.gitDir, 'worktrees', name);

/** Where that folder is made, and where it is taken to be removed. */
const stagingDirOf = ({ mirror, name }: Bench): string => join(mirror.stagingDir, name);

/** How our git commands reach the worktree: nothing in it, not even its `.git` file, decides where they go. */
export const placeOf = (bench: Bench): GitPlace => ({
  gitDir: adminDirOf(bench),
  commonDir: bench.mirror.place.gitDir,
  workTree: bench.path,
});

/**
 * Checks out the commit `start` in a worktree that was reserved, locked from the first moment, on its branch, which
 * must not exist yet. This is what `git worktree add -b` does, except that git's folder for it appears whole: any git
 * command in a sibling worktree that meets a half-written one fails.
 */
export async function layOutBench(
  git: RunGit,
  bench: Bench,
  start: string,
  signal: AbortSignal,
): Promise<Bench> {
  await layOut(bench);
  const args = ['reset', '--hard', '--quiet', start, '--'];
  const config = [`checkout.workers=${CHECKOUT_WORKERS}`];
  const result = await git({ args, place: placeOf(bench), config, signal });
  if (result.exitCode !== 0) throw localFailure('check out the worktree', result);
  return rewriteBench(bench, { instructions: await readInstructions(bench.path) });
}

/** What git keeps of a linked worktree, gitrepository-layout(5). */
export const adminFiles = (bench: Bench): Readonly<Record<string, string>> => ({
  HEAD: `ref: refs/heads/${bench.branch}\n`,
  commondir: '../..\n',
  gitdir: `${join(bench.path, '.git')}\n`,
});

/** Makes both folders: the worktree, empty, and git's for it. */
async function layOut(bench: Bench): Promise<void> {
  const aside = stagingDirOf(bench);
  const worktrees = join(bench.mirror.gitDir, 'worktrees');
  await allDone([
    mkdir(bench.path),
    mkdir(aside, { recursive: true }),
    mkdir(worktrees, { recursive: true }),
  ]);
  const files = { ...adminFiles(bench), locked: `agenticore: job ${bench.jobId}` };
  await allDone([
    writeFile(join(bench.path, '.git'), dotGit(bench)),
    ...Object.entries(files).map(([name, text]) => writeFile(join(aside, name), text)),
  ]);
  await rename(aside, adminDirOf(bench));
}

/** Waits for every step, also when one fails: what is still being made could not be removed. */
async function allDone(steps: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(steps);
  await Promise.all(steps);
}

/** The text of the worktree's `.git` file: it leads claude's git to the mirror. */
export const dotGit = (bench: Bench): string => `gitdir: ${adminDirOf(bench)}\n`;

/**
 * Takes the name of a new worktree; from now on `removeBench` removes it. An attempt that was overtaken may still be at
 * work here, or be clearing up: what it does to its branch must not reach ours. Each makes its record before it looks
 * for others, so that of two who come at once at least one steps aside.
 */
export async function reserveBench(mirror: Mirror, order: BenchOrder): Promise<Bench> {
  const bench = await reserve(mirror, order);
  const isAlone = (await listBenches(mirror, order.jobId)).every(({ name }) => name === bench.name);
  const n = bench.name.slice(order.jobId.length + 1);
  return isAlone ? bench : rewriteBench(bench, { branch: `${order.branch}-beside-${n}` });
}

async function reserve(mirror: Mirror, order: BenchOrder): Promise<Bench> {
  const { worktreeRoot, jobId, branch, baseRef, baseOid, attempt } = order;
  for (let n = 1; ; n += 1) {
    const name = `${jobId}-${n}`;
    const bench: Bench = {
      mirror,
      jobId,
      name,
      path: join(worktreeRoot, name),
      branch,
      baseRef,
      baseOid,
      attempt,
      instructions: '',
      owner: OWN_IDENTITY,
    };
    const taken = await Promise.all([exists(bench.path), exists(adminDirOf(bench))]);
    if (taken.includes(true)) continue;
    if (await createExclusive(recordPath(mirror, name), recordOf(bench))) return bench;
  }
}

const recordOf = ({ mirror: _mirror, name: _name, ...record }: Bench): string => JSON.stringify(record);

/** Changes what the record says of a worktree that this process holds, or holds from now on. */
export async function rewriteBench(
  bench: Bench,
  change: Partial<Pick<Bench, 'owner' | 'instructions' | 'branch'>>,
): Promise<Bench> {
  const changed = { ...bench, ...change };
  await ensureContent(recordPath(bench.mirror, bench.name), recordOf(changed));
  return changed;
}

/** What this process has let go of although it could not say so on the disk, which was full, by path. */
export type LetGo = Set<string>;

/** Whether a process may still work in it; `unknown` where we cannot look. */
export const holderOf = ({ owner, path }: Bench, letGo: LetGo): Life =>
  owner === undefined || (letGo.has(path) && isOurs(owner)) ? 'gone' : lifeOf(owner);

const isOurs = ({ host, pid, start }: ProcessIdentity): boolean =>
  host === OWN_IDENTITY.host && pid === OWN_IDENTITY.pid && start === OWN_IDENTITY.start;

/** The worktrees recorded for a mirror, of one job or of all. */
export async function listBenches(mirror: Mirror, jobId?: string): Promise<readonly Bench[]> {
  const files = await readdir(mirror.recordsDir).catch(() => []);
  const names = files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  const wanted = names.filter((name) => jobId === undefined || name.replace(/-\d+$/, '') === jobId);
  const benches = await Promise.all(wanted.map((name) => readBench(mirror, name)));
  return benches.filter((bench) => bench !== undefined);
}

export async function readBench(mirror: Mirror, name: string): Promise<Bench | undefined> {
  const text = await readIfThere(recordPath(mirror, name));
  if (text === undefined) return undefined;
  let record: Partial<Bench>;
  try {
    record = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { jobId, path, branch, baseOid, owner, baseRef = '', attempt = 0, instructions = '' } = record;
  if (jobId === undefined || path === undefined || branch === undefined || baseOid === undefined) {
    return undefined;
  }
  // The path is going to be removed with everything in it: it must be the folder that this record is about.
  if (!JOB_ID.test(jobId) || basename(path) !== name || name.replace(/-\d+$/, '') !== jobId) return undefined;
  return { mirror, jobId, name, path, branch, baseRef, baseOid, attempt, instructions, owner };
}

/** Removes folder, git's memory of it and, last, the record: killed in between, it can be done again. */
export async function removeBench(bench: Bench): Promise<void> {
  await removeTree(bench.path);
  await removeTree(stagingDirOf(bench));
  await mkdir(bench.mirror.stagingDir, { recursive: true });
  await rename(adminDirOf(bench), stagingDirOf(bench)).catch((error) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
  await removeTree(stagingDirOf(bench));
  await rm(recordPath(bench.mirror, bench.name), { force: true });
}

const recordPath = (mirror: Mirror, name: string): string => join(mirror.recordsDir, `${name}.json`);

async function removeTree(path: string): Promise<void> {
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 3 });
  try {
    await remove();
  } catch (error) {
    if (!hasCode(error, 'EACCES') && !hasCode(error, 'EPERM')) throw error;
    await makeRemovable(path); // folders without write permission, such as package caches
    await remove();
  }
}

async function makeRemovable(path: string): Promise<void> {
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeRemovable(join(path, entry.name));
  }
}

// From an order to a worktree that is ready: fetch, find the base, clear away what the job's dead attempts left, add.
import { asDiskFull, isDiskFull } from '../../domain/disk-full.js';
import { AgenticoreError } from '../../domain/errors.js';
import { checkBaseRef } from '../../domain/repo-url.js';
import type { WorkspaceOrder } from '../../ports/workspace.js';
import { assertJobId, type Bench, layOutBench, removeBench, reserveBench } from './bench.js';
import { localFailure } from './failure.js';
import type { MirrorFetcher } from './fetch-mirror.js';
import { tellsDamage } from './heal-mirror.js';
import type { Mirror } from './mirror.js';
import { changeRefs, findCommit, keptRefs, leftNames, listRefs, type RefRow, resultRef } from './refs.js';
import type { Remote } from './remote.js';
import { type Base, baseRefNames, resolveBase } from './resolve-base.js';
import type { TakeOverOrder } from './take-over.js';

export interface OpenBench {
  readonly bench: Bench;
  readonly resumed: boolean;
  readonly kept: boolean;
  /** Where the job's branch stood on the remote when we fetched. */
  readonly remoteTip: string | undefined;
  readonly ownCommits: ReadonlySet<string>;
}

export interface OpenDeps {
  readonly remote: Remote;
  readonly fetcher: MirrorFetcher;
  readonly worktreeRoot: string;
  /** Takes over the worktree of an earlier attempt; undefined when there is none that is fit and free. */
  readonly takeOver: (
    mirror: Mirror,
    order: TakeOverOrder,
    signal: AbortSignal,
  ) => Promise<Bench | undefined>;
  /** Keeps the work of the job's dead attempts on this host and removes their worktrees. */
  readonly clearDead: (mirror: Mirror, jobId: string, signal: AbortSignal) => Promise<void>;
}

const FULL_ID = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/** Opens a worktree for the order. Throws REPOSITORY_*, BASE_REF_NOT_FOUND or WORKSPACE_FAILED. */
export async function openBench(
  deps: OpenDeps,
  mirror: Mirror,
  order: WorkspaceOrder,
  signal: AbortSignal,
): Promise<OpenBench> {
  try {
    return await fetchAndAdd(deps, mirror, order, signal);
  } catch (error) {
    if (!tellsDamage(error)) throw error;
    await deps.fetcher.heal(mirror, signal);
    return fetchAndAdd(deps, mirror, order, signal);
  }
}

async function fetchAndAdd(
  deps: OpenDeps,
  mirror: Mirror,
  order: WorkspaceOrder,
  signal: AbortSignal,
): Promise<OpenBench> {
  const { remote, fetcher, worktreeRoot } = deps;
  const { jobId, branch, resumeFrom } = order;
  assertJobId(jobId);
  checkBaseRef(branch);
  if (order.baseRef !== undefined) checkBaseRef(order.baseRef);
  await fetcher.fetch(mirror, signal);
  const onRemote = `refs/remotes/origin/${branch}`;
  const kept = await goOn(deps, mirror, order, onRemote, signal);
  if (kept !== undefined) return kept;
  await deps.clearDead(mirror, jobId, signal);
  const ours = `refs/heads/${branch}`;
  const names = [...baseRefNames(order.baseRef), onRemote, ours, `${ours}-beside-*`, keptRefs(jobId)];
  const [rows, resume] = await Promise.all([
    listRefs(remote.git, mirror, names, signal),
    resumeFrom !== undefined && FULL_ID.test(resumeFrom)
      ? findCommit(remote.git, mirror, resumeFrom, signal)
      : undefined,
  ]);
  const base = await resolveBase({ remote, fetcher }, mirror, order.baseRef, rows, signal);
  // The base may have moved on since the work that is resumed was begun.
  const baseOid = resume === undefined ? base.oid : await mergeBase(remote, mirror, base.oid, resume, signal);
  const room = { worktreeRoot, jobId, branch, baseRef: base.ref, baseOid, attempt: order.attempt };
  const reserved = await reserveBench(mirror, room);
  try {
    await takeOverRefs(remote, mirror, { jobId, branch: reserved.branch, resume, base }, rows, signal);
    const bench = await layOutBench(remote.git, reserved, resume ?? base.oid, signal);
    return { bench, resumed: resume !== undefined, kept: false, ...remoteState(order, rows, onRemote) };
  } catch (error) {
    await removeBench(reserved);
    await changeRefs(remote.git, mirror, [{ name: `refs/heads/${reserved.branch}`, oid: undefined }]);
    throw error;
  }
}

/** The worktree of an earlier attempt, taken over as it stands; undefined when the attempt must start afresh. */
async function goOn(
  { remote, takeOver }: OpenDeps,
  mirror: Mirror,
  order: WorkspaceOrder,
  onRemote: string,
  signal: AbortSignal,
): Promise<OpenBench | undefined> {
  const { jobId, branch, goOnFrom } = order;
  if (goOnFrom === undefined) return undefined;
  const rows = await listRefs(remote.git, mirror, [onRemote, keptRefs(jobId)], signal);
  const bench = await takeOver(mirror, { jobId, branch, goOnFrom }, signal);
  return bench && { bench, resumed: false, kept: true, ...remoteState(order, rows, onRemote) };
}

/** What a push needs to know of the remote, and of what was ours before. */
function remoteState(
  { jobId, ownCommits = [], resumeFrom }: WorkspaceOrder,
  rows: readonly RefRow[],
  onRemote: string,
): Pick<OpenBench, 'remoteTip' | 'ownCommits'> {
  const kept = rows.filter(({ name }) => name.startsWith(`${keptRefs(jobId)}/`));
  return {
    remoteTip: rows.find(({ name }) => name === onRemote)?.oid,
    ownCommits: new Set([
      ...kept.map(({ oid }) => oid),
      ...ownCommits,
      ...(resumeFrom === undefined ? [] : [resumeFrom]),
    ]),
  };
}

interface Beginning {
  readonly jobId: string;
  readonly branch: string;
  readonly resume: string | undefined;
  readonly base: Base;
}

/** A new attempt takes over the job's branch and result: what they held before stays under another name. */
async function takeOverRefs(
  remote: Remote,
  mirror: Mirror,
  { jobId, branch, resume, base }: Beginning,
  rows: readonly RefRow[],
  signal: AbortSignal,
): Promise<void> {
  const overwritten = rows.filter(({ name }) => name === `refs/heads/${branch}` || name === resultRef(jobId));
  const left = rows.filter(({ name }) => name.startsWith(`${keptRefs(jobId)}/left-`));
  const safe = new Set([base.oid, resume, ...left.map(({ oid }) => oid)]);
  const oids = [...new Set(overwritten.map(({ oid }) => oid))].filter((oid) => !safe.has(oid));
  const names = leftNames(jobId, rows, oids.length);
  const kept = names.map((name, index) => ({ name, oid: oids[index] }));
  const taken = overwritten.filter(({ name }) => name === `refs/heads/${branch}`);
  const freed = taken.map(({ name }) => ({ name, oid: undefined }));
  await changeRefs(remote.git, mirror, [...kept, ...freed], signal);
}

async function mergeBase(
  remote: Remote,
  mirror: Mirror,
  base: string,
  work: string,
  signal: AbortSignal,
): Promise<string> {
  const result = await remote.git({ args: ['merge-base', base, work], place: mirror.place, signal });
  if (result.exitCode === 1) return base; // no common history
  if (result.exitCode !== 0) throw localFailure('find the base of the earlier work', result);
  return result.stdout.toString().trim();
}

/** A failure of the disk or of git itself is one of the workspace; a stop and our own codes stay what they are. */
export function asWorkspaceFailure(error: unknown): unknown {
  if (isDiskFull(error)) return asDiskFull(error);
  if (error instanceof AgenticoreError || !(error instanceof Error) || !('code' in error)) return error;
  if (typeof error.code !== 'string' || error.name === 'AbortError' || error.name === 'TimeoutError')
    return error;
  const missing = error.code === 'ENOENT' && 'syscall' in error && error.syscall === 'spawn git';
  const sentence = missing
    ? 'git is not installed here, or not on PATH.'
    : `The workspace could not be prepared: ${error.message}`;
  return new AgenticoreError('WORKSPACE_FAILED', sentence, { cause: error });
}

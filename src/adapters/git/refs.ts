// Looking at refs and commits of a mirror, and changing several refs in one step.
import { localFailure } from './failure.js';
import { type Mirror, removeStaleRefLocks } from './mirror.js';
import type { RunGit } from './run-git.js';

export interface RefRow {
  readonly name: string;
  /** The object it points at; for an annotated tag the tag. */
  readonly oid: string;
  /** The ref it stands for; empty for an ordinary ref. */
  readonly symref: string;
}

export interface RefChange {
  readonly name: string;
  /** Undefined removes the ref. */
  readonly oid: string | undefined;
}

/** What git says when a ref is being changed by another git, or by one that was killed doing so. */
export const LOCKED = /\.lock': File exists/;

/** Where the work of a job is kept: `result`, and `left-<n>` for what was found besides. */
export const keptRefs = (jobId: string): string => `refs/agenticore/${jobId}`;
export const resultRef = (jobId: string): string => `${keptRefs(jobId)}/result`;

/** The refs at or below the given names. */
export async function listRefs(
  git: RunGit,
  { place }: Mirror,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<readonly RefRow[]> {
  const args = ['for-each-ref', '--format=%(refname)%00%(objectname)%00%(symref)', ...names];
  const result = await git({ args, place, signal });
  if (result.exitCode !== 0) throw localFailure('list refs', result);
  return result.stdout
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [name = '', oid = '', symref = ''] = line.split('\0');
      return { name, oid, symref };
    });
}

/** The commit that a ref or full id leads to; undefined when the mirror has none. `name` must not be an expression. */
export async function findCommit(
  git: RunGit,
  { place }: Mirror,
  name: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const input = `${name}^{commit}\n`;
  const result = await git({ args: ['cat-file', '--batch-check=%(objectname)'], place, input, signal });
  return /^([0-9a-f]{40,64})\n$/.exec(result.stdout.toString())?.[1];
}

/** Changes refs all or none. A ref that another one stands for is changed itself, not its target. */
export async function changeRefs(
  git: RunGit,
  mirror: Mirror,
  changes: readonly RefChange[],
  signal?: AbortSignal,
): Promise<void> {
  if (changes.length === 0) return;
  const lines = changes.map(
    ({ name, oid }) => `option no-deref\n${oid === undefined ? `delete ${name}` : `update ${name} ${oid}`}\n`,
  );
  const call = { args: ['update-ref', '--stdin'], place: mirror.place, input: lines.join(''), signal };
  let result = await git(call);
  if (LOCKED.test(result.stderr)) {
    await removeStaleRefLocks(mirror);
    result = await git(call);
  }
  if (result.exitCode !== 0) throw localFailure('record the work', result);
}

/** Removes a ref if it is at `oid` and, where a keeper is named, that one is too; false when not. */
export async function removeRefAt(
  git: RunGit,
  { place }: Mirror,
  name: string,
  oid: string,
  keeper: string | undefined,
): Promise<boolean> {
  const verify = keeper === undefined ? '' : `verify ${keeper} ${oid}\n`;
  const input = `${verify}option no-deref\ndelete ${name} ${oid}\n`;
  return (await git({ args: ['update-ref', '--stdin'], place, input })).exitCode === 0;
}

/** The next free names for work that was found besides the result. */
export function leftNames(jobId: string, rows: readonly RefRow[], count: number): readonly string[] {
  const prefix = `${keptRefs(jobId)}/left-`;
  const taken = rows
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name }) => Number(name.slice(prefix.length)) || 0);
  const first = Math.max(0, ...taken) + 1;
  return Array.from({ length: count }, (_, index) => `${prefix}${first + index}`);
}

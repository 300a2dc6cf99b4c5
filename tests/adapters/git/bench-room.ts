// What the tests of the git adapter share: workspaces on a temporary folder, and a look at what they leave.
import { setMaxListeners } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createWorkspaces, type WorkspacesOptions } from '../../../src/adapters/git/create-workspaces.js';
import type { Workspace, WorkspaceOrder, Workspaces } from '../../../src/ports/workspace.js';
import { createSampleRemote, gitIn, type SampleRemote } from '../../support/git-repository.js';
import { tempDir } from '../../support/temp-dir.js';

export interface BenchRoom {
  readonly root: string;
  readonly reposRoot: string;
  readonly worktreeRoot: string;
  readonly remote: SampleRemote;
  readonly workspaces: Workspaces;
  /** Facts that were logged. */
  readonly facts: readonly string[];
  open(order?: Partial<WorkspaceOrder>): Promise<Workspace>;
  /** Refs of the mirror of `remote`, name -> commit. */
  mirrorRefs(): Promise<ReadonlyMap<string, string>>;
  mirrorGit(...args: readonly string[]): Promise<string>;
  /** Names of all that lies about: worktrees, records, locks. */
  leftovers(): Promise<readonly string[]>;
}

export const NEVER = new AbortController().signal;
setMaxListeners(0, NEVER); // many tests wait with it at once
export const JOB = '0b5e1c1e-0000-4000-8000-000000000001';
export const branchOf = (jobId: string): string => `agenticore-${jobId}`;

export async function openRoom(
  t: { after(done: () => Promise<void>): void },
  options: Partial<WorkspacesOptions> = {},
): Promise<BenchRoom> {
  const root = await tempDir(t);
  const reposRoot = options.reposRoot ?? join(root, 'repos');
  const worktreeRoot = join(root, 'worktrees');
  const remote = createSampleRemote(root, 'sample', { 'a.txt': 'one\n', 'dir/b.txt': 'two\n' });
  const facts: string[] = [];
  const workspaces = createWorkspaces({
    reposRoot,
    worktreeRoot,
    allowedProtocols: ['https', 'ssh', 'file'],
    log: (fact) => void facts.push(fact),
    ...options,
  });
  const mirrorGit = async (...args: readonly string[]): Promise<string> => {
    const keys = (await readdir(reposRoot)).filter((name) => !name.startsWith('.'));
    if (keys.length !== 1) throw new Error(`expected one mirror, found ${keys.join(', ')}`);
    return gitIn(join(reposRoot, keys[0] ?? '', 'mirror.git'), ...args);
  };
  return {
    root,
    reposRoot,
    worktreeRoot,
    remote,
    workspaces,
    facts,
    mirrorGit,
    open: (order = {}) =>
      workspaces.open(
        { jobId: JOB, repoUrl: remote.url, branch: branchOf(order.jobId ?? JOB), attempt: 1, ...order },
        NEVER,
      ),
    async mirrorRefs() {
      const lines = (await mirrorGit('for-each-ref', '--format=%(refname) %(objectname)'))
        .split('\n')
        .filter(Boolean);
      return new Map(lines.map((line) => line.split(' ') as [string, string]));
    },
    async leftovers() {
      const found = await readdir(worktreeRoot).catch(() => []);
      const inRepos = await readdir(reposRoot, { recursive: true });
      return [
        ...found,
        ...inRepos.filter((name) =>
          /(^|\/)(lock|workspaces\/.+|staging\/.+|worktrees\/.+|.*\.(lock|aside))$/.test(name),
        ),
      ];
    },
  };
}

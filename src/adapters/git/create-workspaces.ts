// The workspace port on real git: mirrors, worktrees, commits and pushes, wired together.
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgenticoreError } from '../../domain/errors.js';
import { checkRepoUrl, type RepoUrlPolicy } from '../../domain/repo-url.js';
import type { Credentials } from '../../ports/credentials.js';
import type { FindHost } from '../../ports/find-host.js';
import type { Log } from '../../ports/log.js';
import type { Workspace, Workspaces } from '../../ports/workspace.js';
import { type LetGo, rewriteBench } from './bench.js';
import { commitWork, type Identity } from './commit-work.js';
import { diffCommits } from './diff-commits.js';
import { createMirrorFetcher } from './fetch-mirror.js';
import { keepWork } from './keep-work.js';
import { IDENTITY, locateMirror, type Mirror } from './mirror.js';
import { asWorkspaceFailure, type OpenBench, type OpenDeps, openBench } from './open-workspace.js';
import { endOrphans, ownerVariable } from './orphans.js';
import { createHostPin } from './pin-host.js';
import { readPullRequestTemplate } from './pull-request-template.js';
import { pushBranch } from './push-branch.js';
import { readWork } from './read-work.js';
import { findCommit } from './refs.js';
import { createRemote } from './remote.js';
import { createRepositoryLocks } from './repository-lock.js';
import { createRunGit } from './run-git.js';
import { restoreSnapshot, takeSnapshot } from './snapshot.js';
import { clearAwayHolder, clearBench, clearDeadAttempts, type SweepDeps, sweepAll } from './sweep.js';
import { takeOverBench } from './take-over.js';
import { tendMirrors } from './tend-mirrors.js';
import { readWorktree } from './worktree-state.js';

export interface WorkspacesOptions extends RepoUrlPolicy {
  /** Absolute directory of the mirrors. */
  readonly reposRoot: string;
  /** Absolute directory of the worktrees. */
  readonly worktreeRoot: string;
  /** Who signs the commits that we make. */
  readonly author?: Identity;
  /** What git needs of the server's environment: PATH, proxy variables. Nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly credentials?: Credentials;
  /** How much the mirrors may weigh together, in bytes; undefined = no limit. */
  readonly cacheMaxBytes?: number;
  /** How long the work of a job is kept at least, whether the job is known or not. */
  readonly keepMs?: number;
  /** Where hosts lead, asked before each use of a remote; without it nobody asks. */
  readonly findHost?: FindHost;
  readonly log?: Log;
}

const FULL_ID = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/** Makes the workspaces of this host. Nothing is touched before the first call. */
export function createWorkspaces(options: WorkspacesOptions): Workspaces {
  const {
    reposRoot,
    worktreeRoot,
    allowedProtocols,
    author = IDENTITY,
    cacheMaxBytes,
    keepMs = 24 * 60 * 60_000,
    log = () => {},
  } = options;
  const home = join(reposRoot, '.home');
  const env = { ...options.env, ...ownerVariable(reposRoot) };
  const git = createRunGit({ home, allowedProtocols, followRedirects: false, env });
  const pin = options.findHost && createHostPin(options.findHost, env);
  const remote = createRemote(git, options.credentials, pin);
  const locks = createRepositoryLocks((path) => clearAwayHolder(reposRoot, path));
  const fetcher = createMirrorFetcher({ remote, locks, log });
  const letGo: LetGo = new Set();
  const sweeping: SweepDeps = {
    ...{ reposRoot, locks, log, letGo },
    keep: (bench) => keepWork({ git, author, log }, bench),
  };

  /** The mirror of an address, once the address is allowed and the directories are there. */
  const locate = async (repoUrl: string): Promise<Mirror> => {
    checkRepoUrl(repoUrl, options);
    const mirror = locateMirror(reposRoot, repoUrl);
    const folders = [home, join(reposRoot, mirror.key), worktreeRoot];
    await Promise.all(folders.map((path) => mkdir(path, { recursive: true, mode: 0o700 })));
    await writeFile(mirror.usedPath, new Date().toISOString());
    return mirror;
  };

  const workspaceOf = (opened: OpenBench, branch: string): Workspace => {
    const { bench, resumed, kept, remoteTip, ownCommits } = opened;
    let committed: string | undefined;
    const result = async (signal: AbortSignal): Promise<string> => {
      const oid = committed ?? (await readWorktree(git, bench, signal)).head;
      if (oid === undefined) throw new AgenticoreError('WORKSPACE_FAILED', 'There is no commit to push.');
      return oid;
    };
    let closing: Promise<void> | undefined;
    return {
      path: bench.path,
      branch,
      baseRef: bench.baseRef,
      baseOid: bench.baseOid,
      resumed,
      kept,
      instructions: () => Promise.resolve(bench.instructions),
      pullRequestTemplate: () => readPullRequestTemplate(git, bench),
      async commit(message, signal) {
        const work = await mapFailure(commitWork(git, bench, message, author, signal));
        committed = work.oid;
        return {
          oid: work.oid === bench.baseOid ? undefined : work.oid,
          leftUncommitted: work.leftUncommitted,
        };
      },
      snapshot: (signal) => mapFailure(takeSnapshot(git, bench, signal)),
      restore: () => mapFailure(restoreSnapshot(git, bench)),
      async work(signal) {
        const oid = await result(signal);
        return mapFailure(readWork({ remote, fetcher }, bench.mirror, bench.baseOid, oid, signal));
      },
      async push(signal) {
        const oid = await result(signal);
        await mapFailure(
          pushBranch(remote, bench.mirror, { branch, oid, tip: remoteTip, ownCommits }, signal),
        );
      },
      async keep() {
        await rewriteBench(bench, { owner: undefined }).catch((error: unknown) => {
          letGo.add(bench.path);
          throw error;
        });
      },
      close() {
        closing ??= clearBench(sweeping, bench);
        return closing;
      },
    };
  };

  return {
    async open(order, signal) {
      const mirror = await mapFailure(locate(order.repoUrl));
      const root = await realpath(worktreeRoot);
      const taking = {
        ...{ git, locks, letGo, log },
        worktreeRoot: root,
        endOrphans: () => endOrphans(reposRoot),
      };
      const deps: OpenDeps = {
        remote,
        fetcher,
        worktreeRoot: root,
        takeOver: (...request) => takeOverBench(taking, ...request),
        clearDead: (...request) => clearDeadAttempts(sweeping, ...request),
      };
      return workspaceOf(await mapFailure(openBench(deps, mirror, order, signal)), order.branch);
    },

    async diff({ repoUrl, base, head }) {
      if (!FULL_ID.test(base) || !FULL_ID.test(head)) return undefined;
      const mirror = await mapFailure(locate(repoUrl));
      const hasBoth = async (): Promise<boolean> => {
        const found = await Promise.all([base, head].map((oid) => findCommit(git, mirror, oid)));
        return found.every((oid) => oid !== undefined);
      };
      if (!(await hasBoth())) {
        try {
          await fetcher.fetch(mirror, new AbortController().signal);
        } catch (error) {
          log('diff.fetch_failed', { repository: mirror.key, error: String(error) }, 'warn');
        }
        if (!(await hasBoth())) return undefined;
      }
      return diffCommits(git, mirror, base, head);
    },

    async sweep(isWanted) {
      await mkdir(home, { recursive: true, mode: 0o700 });
      await sweepAll(sweeping, isWanted);
    },

    async tend(isKnown, signal) {
      await mkdir(home, { recursive: true, mode: 0o700 });
      const tending = { reposRoot, git, locks, log, graceMs: keepMs, maxBytes: cacheMaxBytes };
      await tendMirrors(tending, isKnown, signal);
    },
  };
}

/** Lets system errors leave as WORKSPACE_FAILED. */
async function mapFailure<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asWorkspaceFailure(error);
  }
}

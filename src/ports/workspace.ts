// The bench: a private worktree of a repository, from opening to push.
import type { Work } from './work.js';

export interface WorkspaceOrder {
  readonly jobId: string;
  readonly repoUrl: string;
  /** Branch, tag or commit of the remote; undefined = the remote's default branch. */
  readonly baseRef?: string;
  readonly branch: string;
  /** The attempt that asks: marks a worktree that is opened anew. */
  readonly attempt: number;
  /** Go on in the worktree that this earlier attempt opened, if it was kept here and is fit for it. */
  readonly goOnFrom?: number;
  /** Commit of an earlier attempt to start from, when the mirror still has it. */
  readonly resumeFrom?: string;
  /** Commits of the job's earlier attempts, on any host: what push may replace on the remote, besides `resumeFrom`. */
  readonly ownCommits?: readonly string[];
}

export interface CommitResult {
  /** HEAD after the commit; undefined when the branch is still at its base. */
  readonly oid: string | undefined;
  /** True when Claude left changes uncommitted and we committed them. */
  readonly leftUncommitted: boolean;
}

export interface Workspace {
  readonly path: string;
  readonly branch: string;
  readonly baseRef: string;
  readonly baseOid: string;
  /** True when it was opened at `resumeFrom`. */
  readonly resumed: boolean;
  /** True when it is the worktree of `goOnFrom`, with everything in it, uncommitted work too. */
  readonly kept: boolean;
  /** The repository's own CLAUDE.md and .claude/CLAUDE.md, as they were when the worktree was new; no link is followed. */
  instructions(): Promise<string>;
  /** The repository's own template for pull requests, as it stands at the base; undefined when it has none. */
  pullRequestTemplate(): Promise<string | undefined>;
  /**
   * Commits whatever is uncommitted, and keeps HEAD under a ref of the mirror so that it survives the worktree. Throws
   * WORKSPACE_FAILED, or DISK_FULL: then it may be asked for again.
   */
  commit(message: string, signal: AbortSignal): Promise<CommitResult>;
  /** What `push` would give away. Throws WORKSPACE_FAILED or REPOSITORY_*. */
  work(signal: AbortSignal): Promise<Work>;
  /**
   * Notes where the work stands - HEAD, index and every file that git does not ignore - before programs run in it.
   * Throws WORKSPACE_FAILED when a file cannot be read, or DISK_FULL: then it may be asked for again.
   */
  snapshot(signal: AbortSignal): Promise<void>;
  /**
   * Puts all that back as it was, and removes what is new and not ignored. Nothing happens without a snapshot; one that
   * was not put back, because its process died, is put back before an attempt goes on in the worktree.
   */
  restore(): Promise<void>;
  /**
   * Pushes HEAD to the branch on origin, replacing only what it just read there (`--force-with-lease`).
   * Throws PUSH_REFUSED with the remote's reason, or REPOSITORY_UNREACHABLE.
   */
  push(signal: AbortSignal): Promise<void>;
  /**
   * Lets go of the worktree and leaves it as it is, for an attempt that goes on in it. No process may work in it any
   * more. `close` may still follow, when it is known that no such attempt comes.
   */
  keep(): Promise<void>;
  /** Removes the worktree. Work that was not committed is committed to the kept ref first; nothing is lost. */
  close(): Promise<void>;
}

export interface Workspaces {
  /**
   * Opens a worktree on a new branch. Throws REPO_URL_REFUSED, REPOSITORY_UNREACHABLE, REPOSITORY_NOT_FOUND,
   * REPOSITORY_AUTH_FAILED, BASE_REF_NOT_FOUND, DISK_FULL or WORKSPACE_FAILED.
   */
  open(order: WorkspaceOrder, signal: AbortSignal): Promise<Workspace>;
  /** Unified diff between two commits that the mirror has or can fetch; undefined when it has neither. */
  diff(query: {
    readonly jobId: string;
    readonly repoUrl: string;
    readonly base: string;
    readonly head: string;
  }): Promise<string | undefined>;
  /**
   * Removes what nobody holds any more (worktrees of dead attempts and kept ones, locks); keeps their work. `isWanted`
   * says of a job whether an attempt of it runs elsewhere or may go on in what it left: then that is left alone.
   */
  sweep(isWanted: (jobId: string) => Promise<boolean>): Promise<void>;
  /**
   * Looks after the cache: forgets the work that was kept of jobs that `isKnown` says nobody knows any more, packs what
   * lies about and, where the cache is larger than it may be, removes what was used longest ago. What an open worktree
   * or the work of a known job needs stays.
   */
  tend(isKnown: (jobId: string) => Promise<boolean>, signal: AbortSignal): Promise<void>;
}

// Where pull requests are opened. A remote that is no code host has none: the pushed branch is the result.

export interface PullRequestOrder {
  readonly repoUrl: string;
  readonly branch: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
  readonly draft: boolean;
  readonly labels: readonly string[];
  /** Users, and teams as `organisation/team`. */
  readonly reviewers: readonly string[];
  readonly assignees: readonly string[];
}

export interface OpenPullRequest {
  readonly url: string;
  readonly existed: boolean;
  /** A sentence for each thing that was ordered and that it lacks. */
  readonly shortfalls: readonly string[];
}

export interface CodeHost {
  /** True when pull requests of this repository are this host's business. */
  serves(repoUrl: string): boolean;
  /**
   * Finds the open pull request of the branch, or opens one. Throws CODE_HOST_AUTH_FAILED, CODE_HOST_REFUSED,
   * CODE_HOST_LIMITED or CODE_HOST_UNREACHABLE, with what to do about it, and what `signal` was aborted with.
   */
  openPullRequest(order: PullRequestOrder, signal: AbortSignal): Promise<OpenPullRequest>;
}

// Where pull requests are opened. A remote that is no code host has none: the pushed branch is the result.

export interface PullRequestOrder {
  readonly repoUrl: string;
  readonly branch: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
}

export interface CodeHost {
  /** True when pull requests of this repository are this host's business. */
  serves(repoUrl: string): boolean;
  /** Finds the open pull request of the branch, or opens one. */
  openPullRequest(
    order: PullRequestOrder,
    signal: AbortSignal,
  ): Promise<{ readonly url: string; readonly existed: boolean }>;
}

// The code-host port on GitHub: one pull request for a branch, whoever asks for it how often.
import { AgenticoreError } from '../../domain/errors.js';
import type { CodeHost, OpenPullRequest, PullRequestOrder } from '../../ports/code-host.js';
import type { Credentials } from '../../ports/credentials.js';
import { unlessAborted } from '../host/unless-aborted.js';
import { withinTime } from '../host/within-time.js';
import type { ApiRoute } from './api-route.js';
import { completePull } from './complete-pull.js';
import { findPull, openPull } from './open-pull.js';
import { explainRefusal } from './refusal.js';
import { gitOriginOf, type RepositoryName, repositoryAt, webAddressOf } from './repository-name.js';
import { statusOf } from './status-of.js';

export interface GithubCodeHostOptions {
  readonly apiUrl: string;
  readonly credentials: Credentials;
  /** Undefined: Node's own way. */
  readonly route?: ApiRoute;
  /** How long a second of waiting before another try takes; tests have less time. */
  readonly secondMs?: number;
}

/** However often something is tried again: an attempt does not wait for its pull request longer. */
const PATIENCE_MS = 120_000;

export function createGithubCodeHost(options: GithubCodeHostOptions): CodeHost {
  const { apiUrl, credentials, route, secondMs = 1000 } = options;
  const gitOrigin = gitOriginOf(apiUrl);
  const host = new URL(gitOrigin).host;
  const repositoryOf = (repoUrl: string): RepositoryName | undefined =>
    repositoryAt(gitOrigin, webAddressOf(gitOrigin, repoUrl));

  /** `mayRenew`: the token may have been taken back since it was made. */
  async function findOrOpen(
    repository: RepositoryName,
    order: PullRequestOrder,
    signal: AbortSignal,
    mayRenew = true,
  ): Promise<OpenPullRequest> {
    const address = webAddressOf(gitOrigin, order.repoUrl);
    const credential = await credentials.forRepository(address, signal);
    if (credential === undefined) throw noToken(host);
    // Here, not above: a server that opens no pull request does not load what opens one.
    const { createPullClient } = await import('./pull-client.js');
    const client = createPullClient({ apiUrl, token: credential.password, secondMs, fetch: await route?.() });
    const pulls = { client, repository, signal };
    try {
      const opened = await openPull(pulls, order, await findPull(pulls, order.branch));
      const missing = await completePull(pulls, opened.pull, order);
      const { pull, existed, shortfalls } = opened;
      return { url: pull.html_url, existed, shortfalls: [...shortfalls, ...missing] };
    } catch (error) {
      const isRefused = statusOf(error) === 401 && credentials.refused(address, credential);
      if (isRefused && mayRenew) return findOrOpen(repository, order, signal, false);
      throw error;
    }
  }

  return {
    serves: (repoUrl) => repositoryOf(repoUrl) !== undefined,
    async openPullRequest(order, signal) {
      const repository = repositoryOf(order.repoUrl);
      if (repository === undefined) throw new Error(`${order.repoUrl} is no repository of ${host}`);
      try {
        // The libraries sleep between two tries whatever the signal says.
        return await withinTime(signal, PATIENCE_MS, (deadline) =>
          unlessAborted(deadline, findOrOpen(repository, order, deadline)),
        );
      } catch (error) {
        signal.throwIfAborted();
        throw explainRefusal(error, { host, repository, base: order.base });
      }
    },
  };
}

const noToken = (host: string): AgenticoreError =>
  new AgenticoreError(
    'CODE_HOST_AUTH_FAILED',
    `No token is configured for ${host}: set GITHUB_TOKEN, or GITHUB_APP_ID and the App's key, and retry the job.`,
  );

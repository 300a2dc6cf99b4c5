// GitHub's API as whoever opens pull requests uses it: as slowly as GitHub asks everybody to, and once more when it
// limits us for a moment or stumbles.
import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import { Octokit } from '@octokit/rest';
import { type ApiFetch, fetchedBy, RETRIES, SILENT } from './client-settings.js';
import { noVainRetries } from './on-the-way.js';
import { onlyApi } from './only-api.js';

export interface PullClientOptions {
  readonly apiUrl: string;
  readonly token: string;
  readonly secondMs: number;
  readonly fetch: ApiFetch | undefined;
}

/** A limit that lasts longer is not waited for. */
const LONGEST_LIMIT_S = 60;
const Client = Octokit.plugin(noVainRetries, throttling, retry, onlyApi);

export type PullClient = InstanceType<typeof Client>;

export function createPullClient({ apiUrl, token, secondMs, fetch }: PullClientOptions): PullClient {
  const waitOnce = (seconds: number, _options: object, _octokit: object, retryCount: number): boolean =>
    retryCount === 0 && seconds <= LONGEST_LIMIT_S;
  return new Client({
    baseUrl: apiUrl,
    auth: token,
    log: SILENT,
    ...fetchedBy(fetch),
    retry: { retries: RETRIES, retryAfterBaseValue: secondMs },
    throttle: {
      retryAfterBaseValue: secondMs,
      onRateLimit: waitOnce,
      onSecondaryRateLimit: waitOnce,
    },
  });
}

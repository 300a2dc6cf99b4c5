// GitHub's API as an App sees it: each request is signed with its key. Loaded when a token is first asked for.
import { createAppAuth } from '@octokit/auth-app';
import { retry } from '@octokit/plugin-retry';
import { Octokit } from '@octokit/rest';
import { type ApiFetch, fetchedBy, RETRIES, SILENT } from './client-settings.js';
import { noVainRetries } from './on-the-way.js';
import { onlyApi } from './only-api.js';

export interface AppIdentity {
  readonly apiUrl: string;
  readonly appId: number;
  /** PEM. */
  readonly privateKey: string;
}

const Client = Octokit.plugin(noVainRetries, retry, onlyApi);

export type AppApi = InstanceType<typeof Client>['rest']['apps'];

export const createAppApi = (
  { apiUrl, appId, privateKey }: AppIdentity,
  fetch: ApiFetch | undefined,
): AppApi =>
  new Client({
    baseUrl: apiUrl,
    authStrategy: createAppAuth,
    auth: { appId, privateKey },
    retry: { retries: RETRIES },
    log: SILENT,
    ...fetchedBy(fetch),
  }).rest.apps;

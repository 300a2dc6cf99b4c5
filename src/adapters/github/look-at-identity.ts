// What GitHub says of us when we ask it, without a repository: for whoever sets a machine up.
import { Octokit } from '@octokit/rest';
import { type AppIdentity, createAppApi } from './app-api.js';
import { type ApiFetch, fetchedBy, SILENT } from './client-settings.js';
import { onlyApi } from './only-api.js';

export interface SeenInstallation {
  readonly account: string;
  readonly isSuspended: boolean;
  /** `contents` -> `write` */
  readonly permissions: Readonly<Record<string, unknown>>;
}

export interface SeenToken {
  /** Undefined for a token that is no user's. */
  readonly login: string | undefined;
  /** Of a classic token; undefined for another kind. */
  readonly scopes: readonly string[] | undefined;
  readonly expiresAt: string | undefined;
}

const Client = Octokit.plugin(onlyApi);
const TIMEOUT_MS = 10_000;
const once = () => ({ retries: 0, signal: AbortSignal.timeout(TIMEOUT_MS) });

/** Where the App is installed. Throws what the API client throws. */
export async function lookAtApp(
  identity: AppIdentity,
  fetch: ApiFetch | undefined,
): Promise<readonly SeenInstallation[]> {
  const { data } = await createAppApi(identity, fetch).listInstallations({ per_page: 100, request: once() });
  return data.map(({ account, suspended_at, permissions }) => ({
    account: account !== null && 'login' in account ? account.login : '?',
    isSuspended: suspended_at !== null,
    permissions,
  }));
}

/** Whose token it is. Throws what the API client throws. */
export async function lookAtToken(
  apiUrl: string,
  token: string,
  fetch: ApiFetch | undefined,
): Promise<SeenToken> {
  const { users } = new Client({ baseUrl: apiUrl, auth: token, log: SILENT, ...fetchedBy(fetch) }).rest;
  const { data, headers } = await users.getAuthenticated({ request: once() });
  const expiresAt = headers['github-authentication-token-expiration'];
  return {
    login: data.login,
    scopes: headers['x-oauth-scopes']?.split(/, */).filter((scope) => scope !== ''),
    expiresAt: expiresAt === undefined ? undefined : String(expiresAt),
  };
}

// A GitHub App's tokens: each opens one repository for an hour, is kept in memory only, and is asked for once, however
// many need it at the same time.
import { AgenticoreError, messageOf } from '../../domain/errors.js';
import type { ApiRoute } from './api-route.js';
import type { AppApi, AppIdentity } from './app-api.js';
import { failureBehind } from './on-the-way.js';
import type { RepositoryName } from './repository-name.js';
import { statusOf } from './status-of.js';

export interface AppOptions extends AppIdentity {
  /** Undefined: looked up for each repository. */
  readonly installationId?: number;
  readonly now: () => number;
  /** Hears of each new token, and how long it is good for (epoch milliseconds), before anybody gets it. */
  readonly onToken: (token: string, expiresAt: number) => void;
  /** Undefined: Node's own way. */
  readonly route?: ApiRoute;
}

export interface AppTokens {
  /** A token for the repository; undefined where the App is not installed. Throws CODE_HOST_*. */
  tokenFor(repository: RepositoryName): Promise<string | undefined>;
  /** The host did not accept this one: nobody gets it any more. */
  forget(repository: RepositoryName, token: string): void;
}

interface Token {
  readonly token: string;
  readonly expiresAt: number;
}

/** A token that expires sooner is replaced: whoever gets it may use it for so long. */
const LEAST_LIFE_MS = 5 * 60_000;
const TIMEOUT_MS = 20_000;

export function createAppTokens(options: AppOptions): AppTokens {
  let api: Promise<AppApi> | undefined;
  const kept = new Map<string, Token>();
  const pending = new Map<string, Promise<Token | undefined>>();

  /** Undefined where the App is not installed. */
  async function findInstallation(
    apps: AppApi,
    { owner, name: repo }: RepositoryName,
  ): Promise<number | undefined> {
    if (options.installationId !== undefined) return options.installationId;
    const found = unless(404, apps.getRepoInstallation({ owner, repo, request: bounded() }));
    return (await found)?.data.id;
  }

  async function mint(repository: RepositoryName): Promise<Token | undefined> {
    try {
      api ??= openAppApi(options);
      const apps = await api;
      const installation_id = await findInstallation(apps, repository);
      if (installation_id === undefined) return undefined;
      const order = { installation_id, repositories: [repository.name], request: bounded() };
      // 422: the installation does not reach that repository.
      const minted = await unless(422, apps.createInstallationAccessToken(order));
      if (minted === undefined) return undefined;
      const token = { token: minted.data.token, expiresAt: Date.parse(minted.data.expires_at) };
      options.onToken(token.token, token.expiresAt);
      kept.set(keyOf(repository), token);
      return token;
    } catch (error) {
      throw failureOf(error, options);
    }
  }

  return {
    async tokenFor(repository) {
      const key = keyOf(repository);
      const known = kept.get(key);
      if (known !== undefined && known.expiresAt - options.now() >= LEAST_LIFE_MS) return known.token;
      const minting = pending.get(key) ?? mint(repository).finally(() => pending.delete(key));
      pending.set(key, minting);
      return (await minting)?.token;
    },
    forget(repository, token) {
      const key = keyOf(repository);
      if (kept.get(key)?.token === token) kept.delete(key);
    },
  };
}

/** A server that asks for no token does not load what asks. */
async function openAppApi({ route, ...identity }: AppOptions): Promise<AppApi> {
  const { createAppApi } = await import('./app-api.js');
  return createAppApi(identity, await route?.());
}

const keyOf = ({ owner, name }: RepositoryName): string => `${owner}/${name}`.toLowerCase();

const bounded = () => ({ signal: AbortSignal.timeout(TIMEOUT_MS) });

/** Undefined when the answer is this status. */
const unless = <T>(status: number, asking: Promise<T>): Promise<T | undefined> =>
  asking.catch((error: unknown) => {
    if (statusOf(error) === status) return undefined;
    throw error;
  });

/** What GitHub, or the way to it, has against us. */
function failureOf(error: unknown, { appId, apiUrl }: AppIdentity): AgenticoreError {
  const onTheWay = failureBehind(error, new URL(apiUrl).host);
  if (onTheWay !== undefined) return onTheWay;
  const said = messageOf(error);
  switch (statusOf(error)) {
    case 401:
      return authFailed(`GitHub does not accept the key of the App ${appId}: ${said}`);
    case 403:
      return authFailed(`GitHub refuses the App ${appId}: ${said}`);
    case 404:
      return authFailed(`The App ${appId} has no such installation (GITHUB_APP_INSTALLATION_ID): ${said}`);
    default:
      return new AgenticoreError(
        'CODE_HOST_UNREACHABLE',
        `GitHub gave no token of the App ${appId}: ${said}`,
      );
  }
}

const authFailed = (sentence: string): AgenticoreError =>
  new AgenticoreError('CODE_HOST_AUTH_FAILED', sentence);

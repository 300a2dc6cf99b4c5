// Who this process is to the hosts of repositories, as the configuration says.
import { createApiRoute } from '../adapters/github/api-route.js';
import { createAppTokens } from '../adapters/github/app-tokens.js';
import { createGithubCredentials } from '../adapters/github/credentials.js';
import type { Credentials } from '../ports/credentials.js';
import type { Config } from '../runtime/config/config.js';

/** `learn` hears of each token that is made, before it is used. */
export function openCredentials(
  { github, githubAppKey, claude }: Config,
  learn: (secret: string, expiresAt: number) => void = () => {},
): Credentials {
  const { apiUrl, token, appId, appInstallationId } = github;
  const isApp = appId !== undefined && githubAppKey !== undefined;
  return createGithubCredentials({
    apiUrl,
    ...(token === undefined ? {} : { token }),
    ...(isApp
      ? {
          app: createAppTokens({
            ...{ apiUrl, appId, privateKey: githubAppKey, now: Date.now, onToken: learn },
            route: createApiRoute(claude.passthrough),
            ...(appInstallationId === undefined ? {} : { installationId: appInstallationId }),
          }),
        }
      : {}),
  });
}

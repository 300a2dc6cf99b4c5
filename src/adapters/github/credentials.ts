// Who we are to one GitHub: a GitHub App, a token, or both, the App first. Its git host is shown nothing else, and no
// other host is shown this.
import { AgenticoreError } from '../../domain/errors.js';
import type { Credentials } from '../../ports/credentials.js';
import type { AppTokens } from './app-tokens.js';
import { gitOriginOf, repositoryAt } from './repository-name.js';

export interface GithubIdentity {
  readonly apiUrl: string;
  readonly app?: AppTokens;
  /** Shown where the App is not installed, or when there is none. */
  readonly token?: string;
}

/** GitHub takes any user name beside a token; this one it recommends. */
const USERNAME = 'x-access-token';

export function createGithubCredentials({ apiUrl, app, token }: GithubIdentity): Credentials {
  const gitOrigin = gitOriginOf(apiUrl);
  return {
    async forRepository(repoUrl, signal) {
      const repository = repositoryAt(gitOrigin, repoUrl);
      if (repository === undefined) return undefined;
      const password = (await app?.tokenFor(repository)) ?? token;
      signal?.throwIfAborted();
      if (password !== undefined) return { username: USERNAME, password };
      if (app === undefined) return undefined;
      const { owner, name } = repository;
      const mend = `install it there (the settings of the App, "Install App"), or set GITHUB_TOKEN as well`;
      throw new AgenticoreError(
        'CODE_HOST_AUTH_FAILED',
        `The GitHub App is not installed on ${owner}/${name}: ${mend}.`,
      );
    },
    refused(repoUrl, { password }) {
      const repository = repositoryAt(gitOrigin, repoUrl);
      if (app === undefined || repository === undefined || password === token) return false;
      app.forget(repository, password);
      return true;
    },
  };
}

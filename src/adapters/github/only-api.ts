// A plugin of the API's clients: a login page and a proxy answer with 200 as well, and what follows from a page would
// fail far from its cause.
import type { Octokit } from '@octokit/rest';
import { AgenticoreError } from '../../domain/errors.js';

export function onlyApi({ hook }: Pick<Octokit, 'hook'>): void {
  hook.after('request', ({ data }) => {
    if (typeof data !== 'string') return;
    throw new AgenticoreError(
      'CODE_HOST_REFUSED',
      "What answers at GITHUB_API_URL is not GitHub's API; that of GitHub Enterprise ends in /api/v3.",
    );
  });
}

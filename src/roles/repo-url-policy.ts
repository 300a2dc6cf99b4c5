// Where repositories may come from, as the configuration says.
import { gitOriginOf } from '../adapters/github/repository-name.js';
import type { RepoUrlPolicy } from '../domain/repo-url.js';
import type { Config } from '../runtime/config/config.js';

/** The same at the counter, where addresses are taken, and at the bench, where they are used. */
export function repoUrlPolicy({ repos, github }: Config): RepoUrlPolicy {
  const { allowedProtocols, allowedHosts } = repos;
  // Whoever sets the address of a GitHub means its repositories, also in a network of their own.
  const knownHosts = [new URL(gitOriginOf(github.apiUrl)).host];
  return { allowedProtocols, knownHosts, ...(allowedHosts === undefined ? {} : { allowedHosts }) };
}

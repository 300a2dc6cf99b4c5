// The repositories that the configuration names: of an agent's package, of a hub of them, of profiles.
import { createGitPackageSource } from '../adapters/git/package-source.js';
import type { RepoProtocol } from '../domain/repo-url.js';
import type { Credentials } from '../ports/credentials.js';
import type { PackageSource } from '../ports/package-source.js';
import type { Config } from '../runtime/config/config.js';
import { gitEnvironment } from './git-environment.js';

/** The address is its owner's own word, so that it may lie on this host or network; never by an unsafe protocol. */
const ALWAYS_ALLOWED: readonly RepoProtocol[] = ['https', 'ssh', 'file'];

/** What is fetched lies in `scratchDir` for a moment. Throws REPO_URL_REFUSED. */
export function fetchedFrom(
  config: Config,
  credentials: Credentials,
  scratchDir: string,
  url: string,
  ref?: string,
): PackageSource {
  return createGitPackageSource({
    url,
    ...(ref === undefined ? {} : { ref }),
    ...{ scratchDir, credentials },
    allowedProtocols: [...new Set([...ALWAYS_ALLOWED, ...config.repos.allowedProtocols])],
    env: gitEnvironment(config.claude.passthrough),
  });
}

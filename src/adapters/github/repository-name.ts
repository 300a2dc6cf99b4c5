// Which repository of this GitHub an address names, if it is one of them.
import { normaliseRepoUrl } from '../../domain/repo-url.js';

export interface RepositoryName {
  readonly owner: string;
  readonly name: string;
}

/** Where git finds the repositories of the GitHub whose API is at this address. */
export function gitOriginOf(apiUrl: string): string {
  const { protocol, host } = new URL(apiUrl);
  return `${protocol}//${host.replace(/^api\./, '')}`;
}

/** The repository; undefined for an address of another host, by another protocol, or of no repository. */
export function repositoryAt(gitOrigin: string, repoUrl: string): RepositoryName | undefined {
  if (!URL.canParse(repoUrl)) return undefined;
  const { origin, pathname } = new URL(repoUrl);
  const [, owner, name] = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/?$/.exec(pathname) ?? [];
  return origin === gitOrigin && owner !== undefined && name !== undefined ? { owner, name } : undefined;
}

/** The address on the web of a repository that may be named by its ssh address; any other stays as it is. */
export function webAddressOf(gitOrigin: string, repoUrl: string): string {
  const address = normaliseRepoUrl(repoUrl);
  if (!address.startsWith('ssh://')) return address;
  const { hostname, pathname } = new URL(address);
  return hostname === new URL(gitOrigin).hostname ? gitOrigin + pathname : address;
}

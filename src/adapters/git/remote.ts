// Git commands that talk to the remote of a mirror: through our own door, and known to its host.
import type { Credentials } from '../../ports/credentials.js';
import { closeTrustedDoor, type Mirror } from './mirror.js';
import type { GitCall, GitResult, RunGit } from './run-git.js';
import { showCredential } from './show-credential.js';

export interface Remote {
  readonly git: RunGit;
  /** Runs a command of `mirror` that talks to its remote. */
  run(mirror: Mirror, call: Omit<GitCall, 'place'>): Promise<GitResult>;
}

/** Settings under which a host is what it was found to be. Throws REPO_URL_REFUSED, REPOSITORY_UNREACHABLE. */
export type HostPin = (url: string) => Promise<readonly string[]>;

export function createRemote(
  git: RunGit,
  credentials: Credentials | undefined,
  pin: HostPin = async () => [],
): Remote {
  return {
    git,
    async run(mirror, call) {
      const [pinned] = await Promise.all([pin(mirror.url), closeTrustedDoor(mirror)]);
      const config = [...(call.config ?? []), ...pinned];
      return showCredential(git, credentials, mirror.url, { ...call, config, place: mirror.place });
    },
  };
}

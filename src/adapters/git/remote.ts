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

export function createRemote(git: RunGit, credentials: Credentials | undefined): Remote {
  return {
    git,
    async run(mirror, call) {
      await closeTrustedDoor(mirror);
      return showCredential(git, credentials, mirror.url, { ...call, place: mirror.place });
    },
  };
}

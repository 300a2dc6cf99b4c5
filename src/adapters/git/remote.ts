// Git commands that talk to the remote: the credentials they need live for one command.
import { closeTrustedDoor, type Mirror } from './mirror.js';
import type { GitCall, GitResult, RunGit } from './run-git.js';

/** What one git command needs to be let in; never a part of the address. */
export interface RemoteCredentials {
  readonly env: Readonly<Record<string, string>>;
  /** `key=value` configuration, such as a credential helper that answers for one host. */
  readonly config: readonly string[];
}

export type CredentialSource = (url: string) => Promise<RemoteCredentials>;

export interface Remote {
  readonly git: RunGit;
  /** Runs a command of `mirror` that talks to its remote. */
  run(mirror: Mirror, call: Omit<GitCall, 'place'>): Promise<GitResult>;
}

/** Settings under which a host is what it was found to be. Throws REPO_URL_REFUSED, REPOSITORY_UNREACHABLE. */
export type HostPin = (url: string) => Promise<readonly string[]>;

export function createRemote(
  git: RunGit,
  credentials: CredentialSource | undefined,
  pin: HostPin = async () => [],
): Remote {
  return {
    git,
    async run(mirror, call) {
      const [found, pinned] = await Promise.all([
        credentials?.(mirror.url),
        pin(mirror.url),
        closeTrustedDoor(mirror),
      ]);
      const { env, config } = found ?? { env: {}, config: [] };
      return git({
        ...call,
        place: mirror.place,
        env: { ...call.env, ...env },
        config: [...(call.config ?? []), ...pinned, ...config],
      });
    },
  };
}

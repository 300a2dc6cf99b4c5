// Where profiles are looked for: those of the package, then this installation's; later ones win.
import { join } from 'node:path';
import { systemClock } from '../adapters/host/system-clock.js';
import {
  createProfileRepository,
  type ProfileRepository,
} from '../adapters/profile-files/profile-repository.js';
import { createProfileStore } from '../adapters/profile-files/profile-store.js';
import type { Credentials } from '../ports/credentials.js';
import type { Log } from '../ports/log.js';
import type { ProfileStore } from '../ports/profile-store.js';
import type { Config } from '../runtime/config/config.js';
import { packagePath } from '../runtime/package-root.js';
import { compileSchema } from '../runtime/schema.js';
import { fetchedFrom } from './fetched-from.js';

/** The profiles that the configuration leads to; `log` is told of directories that cannot be read. */
export function openProfiles(config: Config, credentials: Credentials, log: Log): ProfileStore {
  const repository = profileRepository(config, credentials, log);
  return createProfileStore({
    bundledDir: packagePath('profiles'),
    searchDirs: [
      ...(config.agentihooksPath === undefined ? [] : [join(config.agentihooksPath, 'profiles')]),
      ...installedDir(config),
      join(config.home, 'profiles'),
    ],
    ...(repository === undefined ? {} : { repository }),
    checkDocument: compileSchema('profile'),
    log,
  });
}

/** That of this installation; where hosts share a file system, it has a place for it. */
function installedDir({ profilesDir, repos }: Config): readonly string[] {
  if (profilesDir !== undefined) return [profilesDir];
  return repos.sharedFsRoot === undefined ? [] : [join(repos.sharedFsRoot, 'profiles')];
}

/** Kept on this host, whatever is shared: each host fetches for itself. Throws REPO_URL_REFUSED. */
function profileRepository(
  config: Config,
  credentials: Credentials,
  log: Log,
): ProfileRepository | undefined {
  const { url, branch } = config.profilesRepo;
  if (url === undefined) return undefined;
  const root = join(config.home, 'fetched-profiles');
  const source = fetchedFrom(config, credentials, join(root, 'fetching'), url, branch);
  return createProfileRepository({ source, root, clock: systemClock, log });
}

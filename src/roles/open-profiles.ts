// Where profiles are looked for: those of the package, then this installation's; later ones win.
import { join } from 'node:path';
import { createProfileStore } from '../adapters/profile-files/profile-store.js';
import type { Log } from '../ports/log.js';
import type { ProfileStore } from '../ports/profile-store.js';
import type { Config } from '../runtime/config/config.js';
import { packagePath } from '../runtime/package-root.js';
import { compileSchema } from '../runtime/schema.js';

/** The profiles that the configuration leads to; `log` is told of directories that cannot be read. */
export function openProfiles(config: Config, log: Log): ProfileStore {
  return createProfileStore({
    bundledDir: packagePath('profiles'),
    searchDirs: [
      ...(config.agentihooksPath === undefined ? [] : [join(config.agentihooksPath, 'profiles')]),
      ...(config.profilesDir === undefined ? [] : [config.profilesDir]),
      join(config.home, 'profiles'),
    ],
    checkDocument: compileSchema('profile'),
    log,
  });
}

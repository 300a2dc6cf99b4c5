// Where profiles are looked for besides the bundled ones; later wins.
import { join } from 'node:path';
import type { Config } from '../runtime/config-types.js';

export function profileDirectories(config: Config): readonly string[] {
  return [
    ...(config.agentihooksPath === undefined ? [] : [join(config.agentihooksPath, 'profiles')]),
    ...(config.profilesDir === undefined ? [] : [config.profilesDir]),
    join(config.home, 'profiles'),
  ];
}

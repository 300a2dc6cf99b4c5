// Whether the profiles can be used: each broken one is named with what is wrong in it.
import type { Config } from '../../runtime/config/config.js';
import type { Finding } from '../../surfaces/cli/cli-context.js';
import { openProfiles } from '../open-profiles.js';

/** Is the default profile usable, and which ones are broken? */
export async function checkProfiles(config: Config): Promise<readonly Finding[]> {
  const all = await openProfiles(config, () => {}).list();
  const usable = all.filter(({ error }) => error === undefined).map(({ name }) => name);
  const broken = all.flatMap(({ name, source, error }): readonly Finding[] =>
    error === undefined
      ? []
      : [{ name: `profile ${name}`, level: 'fail', fact: error, mend: `Mend or remove ${source}.` }],
  );
  return [defaultProfile(config.claude.defaultProfile, usable), ...broken];
}

function defaultProfile(wanted: string, usable: readonly string[]): Finding {
  const name = 'profiles';
  if (usable.includes(wanted))
    return { name, level: 'ok', fact: `${usable.join(', ')}; ${wanted} is the default` };
  const mend = 'Set AGENTICORE_DEFAULT_PROFILE to one of them, or add the missing one.';
  return {
    name,
    level: 'fail',
    fact: `the default, ${wanted}, cannot be used; there is ${usable.join(', ') || 'none'}`,
    mend,
  };
}

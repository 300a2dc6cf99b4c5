// Whether the profiles can be used: each broken one is named with what is wrong in it.
import type { RepositoryStanding } from '../../ports/profile-store.js';
import type { Config } from '../../runtime/config/config.js';
import type { Finding } from '../../surfaces/cli/cli-context.js';
import { openCredentials } from '../open-credentials.js';
import { openProfiles } from '../open-profiles.js';

/** Is the default profile usable, and which ones are broken? */
export async function checkProfiles(config: Config): Promise<readonly Finding[]> {
  const profiles = openProfiles(config, openCredentials(config), () => {});
  const [all, repository] = await Promise.all([profiles.list(), profiles.repository()]);
  const usable = all.filter(({ error }) => error === undefined).map(({ name }) => name);
  const broken = all.flatMap(({ name, source, error }): readonly Finding[] =>
    error === undefined
      ? []
      : [{ name: `profile ${name}`, level: 'fail', fact: error, mend: `Mend or remove ${source}.` }],
  );
  return [
    defaultProfile(config.claude.defaultProfile, usable),
    ...(repository === undefined ? [] : [standingOf(repository)]),
    ...broken,
  ];
}

/** As the last server here has left it: to look for something newer is the server's business. */
function standingOf({ place, revision, error }: RepositoryStanding): Finding {
  const name = 'profile repository';
  const at = revision === undefined ? 'nothing was fetched yet' : `at ${revision.slice(0, 12)}`;
  if (error !== undefined) {
    const mend =
      'Set AGENTICORE_PROFILES_REPO_URL and _BRANCH to what can be fetched; what was fetched last stays.';
    return { name, level: revision === undefined ? 'fail' : 'warn', fact: `${place}: ${at}; ${error}`, mend };
  }
  if (revision !== undefined) return { name, level: 'ok', fact: `${place}: ${at}` };
  return {
    name,
    level: 'warn',
    fact: `${place}: ${at}`,
    mend: '`agenticore serve` fetches it at its start.',
  };
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

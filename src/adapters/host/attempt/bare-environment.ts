// What every program of an attempt gets to see: an environment built from nothing, with a home of the job's own.
import { join } from 'node:path';

/** The private directories of a job. */
export const privatePlaces = (jobDir: string) => ({ home: join(jobDir, 'home'), tmp: join(jobDir, 'tmp') });

/** What an order may say otherwise. */
const DEFAULTS = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  TERM: 'dumb',
};

/** `env`: what the server and the profile want the program to have. */
export function bareEnvironment(
  jobDir: string,
  env: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const { home, tmp } = privatePlaces(jobDir);
  return { ...DEFAULTS, ...env, HOME: home, TMPDIR: tmp };
}

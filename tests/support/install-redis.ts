// The redis-server that tests start: found, or installed where that is possible, or one sentence that mends it.
import { spawnSync } from 'node:child_process';

const HOW_TO_MEND =
  'These tests need Redis: install redis-server (Debian: apt-get install redis-server), or set AGENTICORE_TEST_REDIS_URL to a Redis they may write to.';

const hasServer = (): boolean => spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;

/** Options for tests that kill and restart a Redis of their own: skipped where only somebody else's Redis is given. */
export const needsOwnRedis =
  process.env.AGENTICORE_TEST_REDIS_URL && !hasServer()
    ? { skip: 'only a foreign Redis is given (AGENTICORE_TEST_REDIS_URL), and this test kills its own' }
    : {};

/** Installs redis-server as root on Debian. Throws the sentence that mends it. */
export function ensureRedisServer(): void {
  if (hasServer()) return;
  if (process.getuid?.() === 0) {
    console.error('agenticore: installing redis-server for the tests ...');
    const install = (): boolean => apt('install', '--no-install-recommends', 'redis-server');
    if ((install() || (apt('update') && install())) && hasServer()) return;
  }
  throw new Error(HOW_TO_MEND);
}

/** RUNLEVEL=1 keeps the package from starting a service of its own. */
function apt(...args: readonly string[]): boolean {
  const { status } = spawnSync('apt-get', ['-qq', '-y', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    stdio: 'ignore',
    timeout: 180_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
  return status === 0;
}

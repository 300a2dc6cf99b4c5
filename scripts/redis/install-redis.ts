// The redis-server that tests and scripts start: found, or installed where that is possible, or one sentence that
// mends it.
import { spawnSync } from 'node:child_process';

const HOW_TO_MEND =
  'Redis is needed: install redis-server (Debian: apt-get install redis-server). Tests also take AGENTICORE_TEST_REDIS_URL, the address of a Redis they may write to.';

/** True when there is a redis-server to start. */
export const hasRedisServer = (): boolean =>
  spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;

/** Installs redis-server as root on Debian. Throws the sentence that mends it. */
export function ensureRedisServer(): void {
  if (hasRedisServer()) return;
  if (process.getuid?.() === 0) {
    console.error('agenticore: installing redis-server ...');
    const install = (): boolean => apt('install', '--no-install-recommends', 'redis-server');
    if ((install() || (apt('update') && install())) && hasRedisServer()) return;
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

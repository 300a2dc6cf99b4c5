// npm test [-- <part of a path> ...]: installs, builds, lints, and runs the tests (those whose path contains a given part).
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { groupTests } from './group-tests.mjs';
import { prepare, root } from './prepare.mjs';

prepare();
const wanted = process.argv.slice(2);
const tests = readdirSync(join(root, 'dist/tests'), { recursive: true })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => sourceOf(file).includes(part)))
  .sort()
  .map((file) => join('dist/tests', file));
if (tests.length === 0) {
  process.stderr.write(`agenticore: no test's path contains ${wanted.join(' or ')}\n`);
  process.exit(1);
}
if (wanted.length === 0) {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const lint = spawnSync(process.execPath, [biome, 'check', '.'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (lint.status !== 0) process.exit(1);
  // Once, here: two test files that install it at the same time would fight over apt's lock.
  await installRedis();
}
// Four at a time: more than half of a file's time is waiting. A file that hangs is ended after five minutes, and named.
const flags = ['--test-concurrency=4', '--test-timeout=300000', '--test-reporter=spec'];
// Whoever names tests wants to see them one by one.
const files = wanted.length === 0 ? groupTests(root, 'dist/tests/together', tests) : tests;
const args = ['--enable-source-maps', '--test', ...flags, ...files];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
process.exit(status ?? 1);

/** The path that people see and type. */
function sourceOf(file) {
  return `tests/${file.replace(/js$/, 'ts')}`;
}

async function installRedis() {
  if (process.env.AGENTICORE_TEST_REDIS_URL) return;
  const { ensureRedisServer } = await import(
    pathToFileURL(join(root, 'dist/scripts/redis/install-redis.js')).href
  );
  try {
    ensureRedisServer();
  } catch (error) {
    process.stderr.write(`agenticore: ${error.message}\n`);
    process.exit(1);
  }
}

// What the two commands of the README need before any of our own code can run: the right node, git, the packages
// and a build. Plain JavaScript without dependencies, because nothing is installed yet.
import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, cpSync, existsSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const NODE = [20, 19];

/** Exits with one mending sentence when this node is too old; comes before anything that an old one lacks. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < NODE[0] || (major === NODE[0] && minor < NODE[1])) {
    fail(`Node ${process.versions.node} is too old: install Node ${NODE.join('.')} or newer and try again.`);
  }
}

/** Checks, installs and builds; says what it does, and exits with one mending sentence when it cannot. */
export function prepare() {
  checkNode();
  if (spawnSync('git', ['--version']).status !== 0) {
    fail('git is missing: install it (Debian: apt-get install git) and try again.');
  }
  assertWritable();
  installPackages();
  build();
}

function assertWritable() {
  const places = [root, join(root, 'node_modules'), join(root, 'dist')];
  for (const place of places.filter(existsSync)) {
    try {
      accessSync(place, constants.W_OK);
    } catch {
      fail(`${place} cannot be written to: clone Agenticore into a folder of your own and try again.`);
    }
  }
}

function installPackages() {
  if (isNewer(join(root, 'node_modules/.package-lock.json'), join(root, 'package-lock.json'))) return;
  say('installing the packages of package-lock.json (about 350 MB, most of it Claude Code) ...');
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm]] : ['npm', []];
  // Optional dependencies are where Claude's binary comes from; dev dependencies are what builds us.
  const flags = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync(command, [...args, ...flags], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0)
    fail(
      'npm could not install the packages, its message is above: mend that (mostly a registry out of reach, or a full disk) and try again.',
    );
}

/** Compiles with tsc and adds what tsc leaves behind, so that the output folder runs on its own. */
export function build(outDir = 'dist') {
  say('building ...');
  // What was deleted from the sources must not live on in the output: its tests would still run.
  rmSync(join(root, outDir), { recursive: true, force: true });
  const tsc = spawnSync(
    process.execPath,
    // One checker: each of several checks the shared types once more, and two cores do not win that back.
    [join(root, 'node_modules/typescript/bin/tsc'), '--outDir', outDir, '--checkers', '1'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
    },
  );
  const scripts = 'src/adapters/redis/scripts';
  if (existsSync(join(root, scripts)))
    cpSync(join(root, scripts), join(root, outDir, scripts), { recursive: true });
  if (tsc.status === 0) compileChecks(outDir);
  // `npm link` makes the door executable once; it is a new file after each build.
  const door = join(root, outDir, 'src/main.js');
  if (existsSync(door)) chmodSync(door, 0o755);
  if (tsc.status !== 0) fail('The build failed: see the messages above.');
}

/** The schemas become code once, here, and not at each start. */
function compileChecks(outDir) {
  const program = join(root, outDir, 'scripts/compile-checks.js');
  const { status } = spawnSync(process.execPath, [program], { stdio: ['ignore', 2, 2] });
  if (status !== 0) fail('The schemas could not be compiled: see the messages above.');
}

const isNewer = (file, than) => existsSync(file) && statSync(file).mtimeMs >= statSync(than).mtimeMs;

function say(text) {
  process.stderr.write(`agenticore: ${text}\n`);
}

function fail(sentence) {
  say(sentence);
  process.exit(1);
}

// Where the server keeps things and where it listens: the folders, the bus, the port.
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { ownerOfFileBus } from '../../adapters/file/open-file-bus.js';
import { createDiskRoom } from '../../adapters/host/disk-room.js';
import { exists } from '../../adapters/host/exists.js';
import { sha256 } from '../../adapters/host/sha256.js';
import { AgenticoreError } from '../../domain/errors.js';
import type { Bus } from '../../ports/bus.js';
import type { Config } from '../../runtime/config/config.js';
import type { Finding } from '../../surfaces/cli/cli-context.js';
import { fingerprintCredential } from '../credential.js';

/** May the folders be written in, or be made where they are missing? */
export async function checkFolders({ home, repos }: Config): Promise<readonly Finding[]> {
  const folders: readonly [string, string, string][] = [
    ['home', home, 'AGENTICORE_HOME'],
    ['repositories', repos.root, 'AGENTICORE_REPOS_ROOT'],
    ['worktrees', repos.worktreeRoot, 'AGENTICORE_WORKTREE_ROOT'],
    ['job folders', repos.jobsDir, 'AGENTICORE_JOBS_DIR'],
  ];
  return Promise.all(
    folders.map(async ([name, folder, variable]): Promise<Finding> => {
      const fault = await faultOf(folder);
      if (fault !== undefined) {
        const mend = `Give this user the right to write there, or set ${variable} to another folder.`;
        return { name, level: 'fail', fact: fault, mend };
      }
      const full = (await exists(folder)) ? await createDiskRoom([folder]).lack() : undefined;
      if (full === undefined) return { name, level: 'ok', fact: folder };
      return { name, level: 'fail', fact: `${folder}: ${full}` };
    }),
  );
}

/** Why nothing can be written below the path; undefined when something can. */
async function faultOf(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    const parent = dirname(path);
    return parent === path ? `${path} does not exist` : faultOf(parent);
  }
  if (!found.isDirectory()) return `${path} is no folder`;
  const mayWrite = await access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  return mayWrite ? undefined : `${path} may not be written in`;
}

/** Can the bus be reached, and who uses it? */
export async function checkBus(config: Config): Promise<readonly Finding[]> {
  return config.redis.url === undefined ? [await checkFileBus(config.home)] : checkRedis(config);
}

async function checkFileBus(home: string): Promise<Finding> {
  const name = 'bus';
  // A dead owner's lock is taken over at the next start.
  const owner = await ownerOfFileBus(home);
  const inUse = owner === undefined ? '' : `, in use by process ${owner.pid} on ${owner.host}`;
  return { name, level: 'ok', fact: `files in ${home}${inUse}` };
}

const START_REDIS =
  'Start Redis 7 or newer, or correct REDIS_URL; without REDIS_URL the bus is kept in files.';

async function checkRedis(config: Config): Promise<readonly Finding[]> {
  const name = 'bus';
  let answers = false;
  try {
    const { openBus } = await import('../open-bus.js');
    const bus = await openBus(config, 'doctor', () => {});
    try {
      const weak = (await bus.weaknesses()).map((found): Finding => ({ name, level: 'warn', ...found }));
      answers = true;
      await bus.ping();
      const fact = `Redis answers, keys begin with ${config.redis.keyPrefix}`;
      return [{ name, level: 'ok', fact }, ...weak, ...(await checkBreaker(config, bus))];
    } finally {
      await bus.close();
    }
  } catch (error) {
    if (!(error instanceof AgenticoreError)) throw error;
    // One that answers, and cannot be used, says itself what mends it.
    return [{ name, level: 'fail', fact: error.message, ...(answers ? {} : { mend: START_REDIS }) }];
  }
}

/** Does the fleet leave the model account of this configuration alone just now? */
async function checkBreaker(config: Config, { breaker }: Bus): Promise<readonly Finding[]> {
  const until = await breaker.openUntil(fingerprintCredential(config.claude.passthrough, sha256));
  if (until === undefined) return [];
  const fact = `has reached its usage limit; no job is started before ${new Date(until).toISOString()}`;
  const mend = 'Wait, or give the workers the credential of another account.';
  return [{ name: 'model', level: 'warn', fact, mend }];
}

const PATIENCE_MS = 3_000;

/** Is the port free, or is it our own server that has it? */
export async function checkPort({ server, client }: Config): Promise<readonly Finding[]> {
  const name = 'port';
  const fault = await listenFault(server.host, server.port);
  if (fault === undefined) return [{ name, level: 'ok', fact: `${server.port} on ${server.host} is free` }];
  if (fault === 'EADDRINUSE' && (await isAgenticore(client.url))) {
    return [{ name, level: 'ok', fact: `an agenticore server answers at ${client.url}` }];
  }
  const fact =
    fault === 'EADDRINUSE'
      ? `${server.port} on ${server.host} is taken by another program`
      : `cannot listen on ${server.host}:${server.port} (${fault})`;
  return [{ name, level: 'fail', fact, mend: 'Set AGENTICORE_PORT or AGENTICORE_HOST to something else.' }];
}

function listenFault(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port }, () =>
      server.close(() => resolve(undefined)),
    );
  });
}

async function isAgenticore(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null && 'service' in body && body.service === 'agenticore';
  } catch {
    return false;
  }
}

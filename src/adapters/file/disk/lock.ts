// One writing process at a time: a lock file that names its owner, and that dies with it.
import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { AgenticoreError } from '../../../domain/errors.js';
import { findProcess, pidSpace } from '../../host/process-table.js';
import { hasCode } from '../../host/system-error.js';

interface Patience {
  /** How often an owner touches its lock. */
  readonly beatMs: number;
  /** An owner whose process cannot be looked at from here (another container or machine) is dead after this silence. */
  readonly silenceMs: number;
}

const PATIENCE: Patience = { beatMs: 2_000, silenceMs: 10_000 };
const MAX_TRIES = 10;

export interface Owner {
  readonly token: string;
  /** What the process calls itself, to others too; a lock of an earlier build does not tell. */
  readonly name: string | undefined;
  readonly pid: number;
  /** Start time of the process, in the system's own units: a pid alone may have been given away again. */
  readonly started: string | undefined;
  readonly host: string;
  /** Boot and pid namespace within which the pid means something; undefined where the system does not tell. */
  readonly space: string | undefined;
  readonly since: string;
}

export interface Lock {
  /** False when somebody took the lock away: stop writing. */
  isHeld(): boolean;
  release(): Promise<void>;
}

const orUndefined = <T>(promise: Promise<T>): Promise<T | undefined> => promise.catch(() => undefined);

/** Start time of a living process, as lock files have it; undefined when there is none. */
function startOf(pid: number): string | undefined {
  const start = findProcess(pid)?.start;
  return start === undefined ? undefined : String(start);
}

const describeSelf = (name: string | undefined): Owner => ({
  token: randomUUID(),
  name,
  pid: process.pid,
  started: startOf(process.pid),
  host: hostname(),
  space: pidSpace(),
  since: new Date().toISOString(),
});

/** Who holds the lock at `path`, living or dead; undefined when nobody does who can be named. */
export async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const owner: Owner = JSON.parse(await readFile(path, 'utf8'));
    return /^[a-z0-9-]+$/.test(owner.token) && typeof owner.pid === 'number' ? owner : undefined;
  } catch {
    return undefined;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, 'ESRCH');
  }
}

/** Owners keep touching their lock; one that does not, for long enough, is gone. */
async function isSilent(path: string, { beatMs, silenceMs }: Patience): Promise<boolean> {
  const before = (await orUndefined(stat(path)))?.mtimeMs;
  for (let waited = 0; waited < silenceMs; waited += beatMs) {
    await new Promise((resolve) => setTimeout(resolve, beatMs));
    if ((await orUndefined(stat(path)))?.mtimeMs !== before) return false;
  }
  return true;
}

async function isDead(
  path: string,
  owner: Owner | undefined,
  self: Owner,
  patience: Patience,
): Promise<boolean> {
  if (owner?.space !== undefined && owner.space === self.space) return startOf(owner.pid) !== owner.started;
  if (owner && owner.space === self.space && owner.host === self.host) return !exists(owner.pid);
  return isSilent(path, patience);
}

function taken(path: string, owner: Owner | undefined): AgenticoreError {
  const who = owner
    ? `process ${owner.pid} on ${owner.host}, since ${owner.since}`
    : 'nobody who can be named';
  const advice = 'stop it, or set AGENTICORE_HOME, or use Redis (REDIS_URL).';
  return new AgenticoreError('BUS_LOCKED', `Another agenticore process holds ${path} (${who}); ${advice}`);
}

/**
 * Takes the lock at `path`, over the body of a dead owner if need be. Throws BUS_LOCKED naming the pid and host of a
 * living one. `name`: what this process calls itself. Telling whether an owner in another container lives takes up to
 * ten seconds.
 */
export async function takeLock(path: string, name?: string, patience = PATIENCE): Promise<Lock> {
  const self = describeSelf(name);
  const own = `${path}.${self.token}`;
  try {
    const file = await open(own, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(self)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    for (let tries = 1; !(await hasSucceeded(own, path, self, patience)); tries += 1) {
      if (tries === MAX_TRIES) throw taken(path, await readOwner(path));
    }
  } finally {
    await rm(own, { force: true });
  }
  return keep(path, self, patience.beatMs);
}

/**
 * The succession: who finds owner X dead may replace it only by making the file `<lock>.after-X`, which exactly one
 * can. When that one dies before it is done, the next makes `<lock>.after-Y`, and so on; the last of the chain moves
 * its file over the lock. False when the chain changed meanwhile: begin again.
 */
async function hasSucceeded(own: string, path: string, self: Owner, patience: Patience): Promise<boolean> {
  const dead: { readonly name: string; readonly mark: string | undefined }[] = [];
  for (let name = path; !(await hasLinked(own, name)); ) {
    const owner = await readOwner(name);
    const mark = await markOf(name, owner); // of the very owner that is judged below
    if (mark === undefined) return false;
    if (!(await isDead(name, owner, self, patience))) throw taken(path, owner);
    dead.push({ name, mark });
    name = `${path}.after-${mark}`;
  }
  const last = dead.at(-1);
  if (last === undefined) return true;
  const name = `${path}.after-${last.mark}`;
  for (const link of dead) {
    if ((await markOf(link.name, await readOwner(link.name))) === link.mark) continue;
    await rm(name, { force: true });
    return false;
  }
  await rename(name, path);
  for (const link of dead.slice(1)) await rm(link.name, { force: true });
  return true;
}

/** What tells this lock file from every other; undefined when there is none. */
async function markOf(path: string, owner: Owner | undefined): Promise<string | undefined> {
  if (owner !== undefined) return owner.token;
  const ino = (await orUndefined(stat(path)))?.ino;
  return ino === undefined ? undefined : `unreadable-${ino}`;
}

async function hasLinked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function keep(path: string, self: Owner, beatMs: number): Lock {
  let held = true;
  const isOurs = async (): Promise<boolean> => (await readOwner(path))?.token === self.token;
  const beat = setInterval(async () => {
    const now = new Date();
    if (await isOurs()) await orUndefined(utimes(path, now, now));
    else held = false;
  }, beatMs);
  beat.unref();
  return {
    isHeld: () => held,
    async release() {
      clearInterval(beat);
      if (await isOurs()) await rm(path, { force: true });
      held = false;
    },
  };
}

// A server that is killed leaves its git processes behind, still writing into the mirrors. Each carries the name of
// its owner in its environment, so that whoever takes over can end those whose owner is gone.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { lifeOf, OWN_IDENTITY, type ProcessIdentity } from './process-identity.js';

const VARIABLE = 'AGENTICORE_GIT_OWNER';
const GRACE_MS = 2_000;
const POLL_MS = 20;

/** The variable that marks a git process as ours, for mirrors below `reposRoot`. */
export const ownerVariable = (reposRoot: string): Record<string, string> => ({
  [VARIABLE]: JSON.stringify({ reposRoot, ...OWN_IDENTITY }),
});

/** Ends every git process below `reposRoot` whose owner is gone: politely first, so that it removes its own locks. */
export async function endOrphans(reposRoot: string): Promise<void> {
  const signalAll = (signal: NodeJS.Signals): boolean => {
    const orphans = findOrphans(reposRoot);
    for (const pid of orphans) signalProcess(pid, signal);
    return orphans.length > 0;
  };
  const deadline = Date.now() + GRACE_MS;
  if (!signalAll('SIGTERM')) return;
  while (findOrphans(reposRoot).length > 0 && Date.now() < deadline) await sleep(POLL_MS);
  while (signalAll('SIGKILL') && Date.now() < deadline + GRACE_MS) await sleep(POLL_MS);
}

function findOrphans(reposRoot: string): readonly number[] {
  return listPids().filter((pid) => {
    const owner = ownerOf(pid);
    return owner?.reposRoot === reposRoot && lifeOf(owner) === 'gone';
  });
}

function ownerOf(pid: number): (ProcessIdentity & { reposRoot: string }) | undefined {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    const entry = entries.find((candidate) => candidate.startsWith(`${VARIABLE}=`));
    return entry === undefined ? undefined : JSON.parse(entry.slice(VARIABLE.length + 1));
  } catch {
    return undefined; // it ended, or it is not ours to look at
  }
}

function listPids(): readonly number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return []; // no /proc here: git notices by itself when its pipes break
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
}

// A server that is killed leaves its git processes behind, still writing into the mirrors. Each carries the name of
// its owner in its environment, so that whoever takes over can end those whose owner is gone.
import { setTimeout as sleep } from 'node:timers/promises';
import { listProcesses, type ProcessEntry, readVariable, signalProcess } from '../host/process-table.js';
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
    for (const orphan of orphans) signalProcess(orphan, signal);
    return orphans.length > 0;
  };
  const deadline = Date.now() + GRACE_MS;
  if (!signalAll('SIGTERM')) return;
  while (findOrphans(reposRoot).length > 0 && Date.now() < deadline) await sleep(POLL_MS);
  while (signalAll('SIGKILL') && Date.now() < deadline + GRACE_MS) await sleep(POLL_MS);
}

/** Where processes do not show their environment none is found: there git notices by itself when its pipes break. */
function findOrphans(reposRoot: string): readonly ProcessEntry[] {
  return listProcesses().filter(({ pid }) => {
    const owner = ownerOf(pid);
    return owner?.reposRoot === reposRoot && lifeOf(owner) === 'gone';
  });
}

function ownerOf(pid: number): (ProcessIdentity & { reposRoot: string }) | undefined {
  const text = readVariable(pid, VARIABLE);
  try {
    return text === undefined ? undefined : JSON.parse(Buffer.from(text, 'latin1').toString());
  } catch {
    return undefined; // not a name that we gave
  }
}

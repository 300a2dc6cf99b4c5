// What a worker does before its first attempt, and before it goes on where another attempt was cut short: ends the
// processes that workers which died here have left behind.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../../ports/log.js';
import { isAlive, pidSpace, sharesPids } from '../process-table.js';
import { readOwner } from './attempt-tag.js';
import { createCensus } from './census.js';
import { endOrphans } from './kill-members.js';

const LOOK_EVERY_MS = 20;
const CERTAIN_AFTER_MS = 1000;

/**
 * Ends every process on this host that carries the tag of an attempt whose worker process is dead, and all that
 * descends from it. Attempts of living workers, and processes of other containers, are never touched. Resolves with
 * the number of processes found, when none of them is left.
 */
export async function sweepOrphans(deps: { readonly log: Log }): Promise<number> {
  const owns = (tag: string, pid: number): boolean => {
    const owner = readOwner(tag);
    return owner !== undefined && sharesPids(pid) && !isAlive(owner);
  };
  const found = await endOrphans(createCensus({ roots: [], owns }));
  if (found > 0) deps.log('orphans.ended', { processes: found }, 'warn');
  return found;
}

/**
 * Ends what attempts of the job whose worker process is dead have left running here: whatever carries their tag, and
 * whatever nobody answers for in `workplace`. True when it is certain that nothing of the job is left; false when an
 * attempt's worker still lives or is in another container, or where the system does not tell.
 */
export async function endLeftovers(
  deps: { readonly log: Log },
  jobId: string,
  workplace: string,
): Promise<boolean> {
  if (pidSpace() === undefined) return false;
  let isCertain = true;
  const owns = (tag: string, pid: number): boolean => {
    if (!tag.startsWith(`${jobId}.`)) return false;
    const owner = readOwner(tag);
    const isOver = owner !== undefined && sharesPids(pid) && !isAlive(owner);
    if (!isOver) isCertain = false;
    return isOver;
  };
  const census = createCensus({ roots: [], owns, workplaces: [workplace] });
  const found = await endOrphans(census);
  if (found > 0) deps.log('leftovers.ended', { job_id: jobId, processes: found }, 'warn');
  // What is just dying tells nothing about itself any more: look again until it is gone.
  for (const deadline = performance.now() + CERTAIN_AFTER_MS; ; await sleep(LOOK_EVERY_MS)) {
    isCertain = true;
    if (census.take().length === 0 && isCertain) return true;
    if (performance.now() > deadline) return false;
  }
}

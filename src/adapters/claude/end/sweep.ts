// What a worker does before its first attempt: ends the processes that workers which died here have left behind.

import type { Log } from '../../../ports/log.js';
import { isAlive, sharesPids } from '../../host/process-table.js';
import { readOwner } from '../start/attempt-tag.js';
import { createCensus } from './census.js';
import { endOrphans } from './kill-members.js';

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

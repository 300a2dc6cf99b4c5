// A worker's hold on a lane entry, whichever way it came by it.
import type { Claim } from '../../ports/command-queue.js';
import type { StoredJob } from '../../ports/stored-job.js';
import { claimToken } from './claim-token.js';
import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import type { LaneEntry } from './lane-entries.js';
import { asNumber } from './reply.js';
import { runScript, type ScriptName } from './scripts.js';

/**
 * The claim that `worker` has on an entry of the lane: how often the entry was delivered tells this time from
 * a later one, also to the same worker.
 */
export type Hold = (
  lane: string,
  worker: string,
  entry: LaneEntry,
  deliveries: number,
  started?: StoredJob,
) => Claim;

/** Makes claims of entries; their methods throw BUS_UNREACHABLE. */
export function createHold(connection: Connection, keys: Keys): Hold {
  return (laneName, worker, { entryId, jobId, known }, deliveries, started) => {
    const lane = keys.lane(laneName);
    const holder = [entryId, worker, deliveries];
    const run = async (script: ScriptName, scriptKeys: readonly string[], more: readonly string[] = []) =>
      asNumber(
        await connection.ask((redis) => runScript(redis, script, scriptKeys, [...holder, ...more])),
      ) === 1;
    return {
      jobId,
      known,
      started,
      token: claimToken({ entryId, deliveries, worker }),
      extend: () => run('extend', [lane]),
      async release() {
        await run('release', [lane, keys.view(jobId), keys.offers(laneName)], [jobId]);
      },
      async ack() {
        await run('ack', [lane, keys.view(jobId)]);
      },
    };
  };
}

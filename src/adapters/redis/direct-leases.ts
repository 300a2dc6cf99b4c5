// The leases of direct attempts on Redis: a sorted set of jobs by when each lapses. The scripts that begin and end such
// an attempt put and remove them.
import type { CommandQueue } from '../../ports/command-queue.js';
import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import { type MayReclaim, promptTime, standstillMs } from './reclaim-pause.js';
import { asList, asNumber, asText } from './reply.js';
import { runScript } from './scripts.js';
import { parseView } from './view.js';

/** The part of the command queue that is about direct attempts. `mayReclaim`: whether a lapsed lease tells anything now. */
export function createDirectLeases(
  connection: Connection,
  keys: Keys,
  leaseMs: number,
  mayReclaim: MayReclaim,
): Pick<CommandQueue, 'holdDirect' | 'lapsedDirect'> {
  return {
    holdDirect: (jobId, attempt) => ({
      jobId,
      async extend() {
        const owned = [keys.leases, keys.view(jobId)];
        const args = [jobId, attempt, leaseMs];
        return (
          asNumber(await connection.ask((redis) => runScript(redis, 'extend-direct', owned, args))) === 1
        );
      },
    }),

    lapsedDirect(limit) {
      if (limit < 1) return Promise.resolve([]);
      return connection.ask(async (redis) => {
        const askedAt = (await mayReclaim()) ? await promptTime(redis, leaseMs) : undefined;
        if (askedAt === undefined) return [];
        const args = [limit, askedAt + standstillMs(leaseMs)];
        const jobIds = asList(await runScript(redis, 'lapsed', [keys.leases], args)).map(asText);
        const views = await Promise.all(jobIds.map((jobId) => redis.get(keys.view(jobId))));
        return jobIds.map((jobId, nth) => ({ jobId, attempt: Number(parseView(views[nth]).attempt ?? 0) }));
      });
    },
  };
}

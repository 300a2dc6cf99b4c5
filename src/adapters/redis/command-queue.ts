// The lanes on Redis: a stream per lane, one group, and the pending entry as the lease.
import type { Claim, CommandQueue } from '../../ports/command-queue.js';
import type { Hold } from './claims.js';
import type { Connection } from './connection.js';
import { createDirectLeases } from './direct-leases.js';
import type { Keys } from './keys.js';
import type { Given, Wanted } from './offer.js';
import type { Offers } from './offers.js';
import { promptTime, standstillMs, watchAbsence } from './reclaim-pause.js';
import { asList, asNumber, asText } from './reply.js';
import { runScript } from './scripts.js';
import { parseView } from './view.js';

export interface CommandQueueOptions {
  readonly connection: Connection;
  readonly offers: Offers;
  readonly keys: Keys;
  readonly hold: Hold;
  readonly leaseMs: number;
  /** How many jobs of one repository may be in their lanes at once; 0 for any number. */
  readonly maxPerRepo: number;
}

/** The lanes below `keys`; a claim that is not extended lapses after `leaseMs` of Redis' time. */
export function createCommandQueue(options: CommandQueueOptions): CommandQueue {
  const { connection, offers, keys, hold, leaseMs, maxPerRepo } = options;
  const mayReclaim = watchAbsence(connection, leaseMs, keys.served);

  async function claim(
    ...[lane, worker, signal, start]: Parameters<CommandQueue['claim']>
  ): Promise<Claim | undefined> {
    const wanted = { lane: keys.lane(lane), offers: keys.offers(lane), worker, start };
    const given = await offers.next(wanted, signal);
    if (given === undefined) return undefined;
    const held = hold(lane, worker, given.entry, 1, given.started);
    if (given.isOld && !(await isStillHeld(wanted, given, held))) return claim(lane, worker, signal, start);
    if (!signal.aborted || given.started !== undefined) return held;
    await held.release();
    return undefined;
  }

  async function isStillHeld(wanted: Wanted, given: Given, held: Claim): Promise<boolean> {
    try {
      return await held.extend();
    } catch (error) {
      offers.giveBack(wanted, given);
      throw error;
    }
  }

  return {
    claim,

    async reclaim(laneName, worker, limit) {
      if (limit < 1) return [];
      const lane = keys.lane(laneName);
      // Asked each time that it is sent: the connection may have been lost and regained in between.
      const reply = await connection.ask(async (redis) => {
        const askedAt = (await mayReclaim()) ? await promptTime(redis, leaseMs) : undefined;
        if (askedAt === undefined) return [];
        return runScript(redis, 'reclaim', [lane], [worker, leaseMs, limit, askedAt + standstillMs(leaseMs)]);
      });
      return asList(reply).map((taken) => {
        const [entryId, jobId, deliveries] = asList(taken);
        return hold(
          laneName,
          worker,
          { entryId: asText(entryId), jobId: asText(jobId) },
          asNumber(deliveries),
        );
      });
    },

    ...createDirectLeases(connection, keys, leaseMs, mayReclaim),

    async promoteDue(limit) {
      if (limit < 1) return 0;
      return connection.ask(async (redis) => {
        const due = asList(await runScript(redis, 'due', [keys.delayed], [limit])).map(asText);
        const moved = due.map(async (jobId) => {
          const { lane = '' } = parseView(await redis.get(keys.view(jobId)));
          const scriptKeys = [keys.delayed, keys.view(jobId), keys.lane(lane)];
          return asNumber(await runScript(redis, 'promote', scriptKeys, [jobId, keys.prefix, maxPerRepo]));
        });
        return (await Promise.all(moved)).reduce((sum, one) => sum + one, 0);
      });
    },

    async depth(laneName) {
      const reply = asList(await connection.ask((redis) => runScript(redis, 'depth', [keys.lane(laneName)])));
      return { waiting: asNumber(reply[0]), running: asNumber(reply[1]) };
    },

    async forgetDead(laneName) {
      const owned = [keys.lane(laneName), keys.alive];
      return asNumber(await connection.ask((redis) => runScript(redis, 'forget-consumers', owned)));
    },
  };
}

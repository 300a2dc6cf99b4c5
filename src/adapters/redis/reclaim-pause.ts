// Leases count Redis' time, also the time in which nobody could reach it: after an absence every lease may have lapsed
// though its worker lives. So claims are taken over only when the living have had one lease to extend theirs.
import type { Redis } from 'ioredis';
import type { Connection } from './connection.js';
import { asNumber } from './reply.js';
import { runScript } from './scripts.js';

/** A ready check that takes this long found a Redis that was loading its data: nobody could extend meanwhile. */
const LOADING_MS = 200;

/** A Redis that stands still for longer may let leases lapse: the living extend theirs every third of one. */
export const standstillMs = (leaseMs: number): number => Math.max(leaseMs / 2, 1000);

/** The time of Redis (ms); undefined when it took so long to tell that it stood still, and nobody could extend meanwhile. */
export async function promptTime(redis: Redis, leaseMs: number): Promise<number | undefined> {
  const askedAt = performance.now();
  const [seconds, micros] = await redis.time();
  if (performance.now() - askedAt > standstillMs(leaseMs)) return undefined;
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

/** Resolves with true when lapsed claims may be taken over. Throws nothing: who cannot know says false. */
export type MayReclaim = () => Promise<boolean>;

/**
 * Watches the connection from its opening on. After an absence (the connection was lost, could not be made at first,
 * or this run of Redis has served for less than a lease) one lease must pass; on a Redis that was there all the time,
 * none. `servedKey`: where those who come later find since when it has served.
 */
export function watchAbsence({ redis }: Connection, leaseMs: number, servedKey: string): MayReclaim {
  let connectedAt = 0;
  let wasAway = false;
  let quietUntil: Promise<number> = Promise.resolve(Number.POSITIVE_INFINITY);

  redis.on('connect', () => {
    connectedAt = performance.now();
  });
  redis.on('close', () => {
    wasAway = true;
  });
  redis.on('ready', () => {
    const readyAt = performance.now();
    wasAway ||= readyAt - connectedAt >= LOADING_MS;
    const served = servedMs(); // asked in any case: from then on it is known to have served
    quietUntil = wasAway
      ? Promise.resolve(readyAt + leaseMs)
      : served.then((ms) => readyAt + Math.max(0, leaseMs - ms));
  });

  /** A Redis that does not say which run of it this is, or takes no writes, is taken for one that has just started. */
  async function servedMs(): Promise<number> {
    try {
      const [, run] = /^run_id:(\w+)/m.exec(await redis.info('server')) ?? [];
      return run === undefined ? 0 : asNumber(await runScript(redis, 'served', [servedKey], [run]));
    } catch {
      return 0;
    }
  }

  return async () => performance.now() >= (await quietUntil);
}

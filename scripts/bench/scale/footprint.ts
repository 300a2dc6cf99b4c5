// What finished jobs take in Redis, by MEMORY USAGE.
import type { Redis } from 'ioredis';
import type { Keys } from '../../../src/adapters/redis/keys.js';

/** Bytes per job. */
export interface Footprint {
  readonly ledger: number;
  readonly view: number;
  readonly answer: number;
  readonly indices: number;
  /** The sum of the above. */
  readonly kept: number;
  readonly feed: number;
  readonly fleet: number;
}

/** The mean of these finished jobs. */
export async function footprint(redis: Redis, keys: Keys, jobIds: readonly string[]): Promise<Footprint> {
  const mean = async (key: (jobId: string) => string): Promise<number> => {
    const sizes = await Promise.all(jobIds.map((jobId) => sizeOf(redis, key(jobId))));
    return Math.round(sizes.reduce((sum, size) => sum + size, 0) / jobIds.length);
  };
  const [ledger, view, answer] = [await mean(keys.ledger), await mean(keys.view), await mean(keys.answer)];
  const feed = (await mean(keys.feed)) + (await mean(keys.whole));
  const records = await redis.llen(keys.ledger(jobIds[0] ?? ''));
  const fleet = Math.round(
    (records * (await sizeOf(redis, keys.fleet))) / (await eventsIn(redis, keys.fleet)),
  );
  const perJob = async (index: string): Promise<number> =>
    Math.round((await sizeOf(redis, index)) / (await redis.zcard(index)));
  const notes = [keys.dueSeconds, keys.upkeep, ...(await redis.keys(`${keys.due('')}*`))];
  const sizes = await Promise.all(notes.map((key) => sizeOf(redis, key)));
  const upkeep = Math.round(sizes.reduce((sum, size) => sum + size, 0) / (await redis.zcard(keys.jobs)));
  const indices = (await perJob(keys.jobs)) + (await perJob(keys.index('succeeded'))) + upkeep;
  return { ledger, view, answer, indices, kept: ledger + view + answer + indices, feed, fleet };
}

const sizeOf = async (redis: Redis, key: string): Promise<number> =>
  Number((await redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 0)) ?? 0);

/** How many events the entries of the fleet stream name: of each job its id, the version of the first, and how many. */
async function eventsIn(redis: Redis, fleet: string): Promise<number> {
  let count = 0;
  for (const [, [, events = '']] of await redis.xrange(fleet, '-', '+')) {
    for (const [nth, word] of events.split(' ').entries()) if (nth % 3 === 2) count += Number(word);
  }
  return count;
}

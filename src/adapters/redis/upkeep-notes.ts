// When upkeep must look at which job. Nearly all jobs are noted down with their transitions, in a list per second: that
// costs least, and is forgotten as a whole. What is put off has a sorted set. Nothing is taken back when a job changes.
import type { Job } from '../../domain/job.js';
import { upkeepAt } from '../../domain/upkeep.js';
import type { EventLog, UpkeepNote } from '../../ports/event-log.js';
import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import { asList, asNumber, asText } from './reply.js';
import { runScript } from './scripts.js';

/** A wait of so long (s) may last a little longer (s), so that its list is shared by many jobs. */
const ROUNDED = [
  { wait: 86_400, to: 600 },
  { wait: 3_600, to: 60 },
  { wait: 0, to: 1 },
] as const;

/** The second when upkeep must look at a job: all of a list is due when its second begins. Undefined while the job runs. */
export function dueSecond(job: Job): number | undefined {
  const at = upkeepAt(job);
  if (at === undefined) return undefined;
  const wait = at - (job.endedAt ?? job.queuedSince);
  const { to = 1 } = ROUNDED.find((one) => wait >= one.wait * 1000) ?? {};
  return Math.ceil(at / 1000 / to) * to;
}

/** A note is filed as its second and its place in the list of that, or as nothing and the time that it was put off to (ms). */
interface Found extends UpkeepNote {
  readonly at: number;
}

/** The notes below `keys`; what it throws is what `connection` explains. */
export function createUpkeepNotes(
  connection: Connection,
  keys: Keys,
): Pick<EventLog, 'upkeepDue' | 'dropUpkeep' | 'putOffUpkeep'> {
  return {
    async upkeepDue(now, limit) {
      if (limit < 1) return [];
      const scriptKeys = [keys.dueSeconds, keys.upkeep];
      const [bySecond, putOff] = asList(
        await connection.ask((redis) =>
          runScript(redis, 'upkeep-due', scriptKeys, [keys.due(''), Math.floor(now / 1000), now, limit]),
        ),
      );
      const places = new Map<number, number>();
      const place = (second: number): number => {
        const next = places.get(second) ?? 0;
        places.set(second, next + 1);
        return next;
      };
      const found = [
        ...read(bySecond, (second) => ({ filed: `${second} ${place(second)}`, at: second * 1000 })),
        ...read(putOff, (at) => ({ filed: ` ${at}`, at, isOnly: true as const })),
      ];
      const inTurn = found.sort((a, b) => a.at - b.at).slice(0, limit);
      return inTurn.map(({ at: _at, ...note }) => note);
    },

    async dropUpkeep(notes) {
      if (notes.length === 0) return;
      const args = notes.flatMap(({ jobId, filed }) => {
        const [second = '', placeOrTime = ''] = filed.split(' ');
        return [second, placeOrTime, jobId];
      });
      const scriptKeys = [keys.dueSeconds, keys.upkeep];
      await connection.ask((redis) => runScript(redis, 'drop-upkeep', scriptKeys, [keys.due(''), ...args]));
    },

    async putOffUpkeep(jobId, now, at) {
      const scriptKeys = [keys.upkeep, keys.view(jobId)];
      await connection.ask((redis) => runScript(redis, 'put-off', scriptKeys, [jobId, now, at]));
    },
  };
}

/** For so long (ms) a list that was read tells who is in it, and so many lists are remembered. */
const READ_MS = 10_000;
const MOST_READ = 16;

/**
 * Tells who is in the list of a second; who is not may have come since. For those who ask for very many jobs: to look for each
 * in a list of thousands takes Redis long.
 */
export function createNoted(
  connection: Connection,
  keys: Keys,
): (second: number | undefined, jobId: string) => Promise<boolean> {
  const lists = new Map<number, { readonly readAt: number; readonly ids: ReadonlySet<string> }>();

  async function read(second: number): Promise<ReadonlySet<string>> {
    const ids = new Set(await connection.ask((redis) => redis.lrange(keys.due(second), 0, -1)));
    lists.delete(second);
    lists.set(second, { readAt: performance.now(), ids });
    for (const oldest of lists.keys()) if (lists.size > MOST_READ) lists.delete(oldest);
    return ids;
  }

  return async (second, jobId) => {
    if (second === undefined) return false;
    const known = lists.get(second);
    const isFresh = known !== undefined && performance.now() - known.readAt < READ_MS;
    return (isFresh ? known.ids : await read(second)).has(jobId);
  };
}

/** What a list of ids, each with a number behind it, has. */
function read(reply: unknown, note: (at: number) => Omit<Found, 'jobId'>): readonly Found[] {
  const list = asList(reply);
  const found: Found[] = [];
  for (let n = 0; n < list.length; n += 2)
    found.push({ jobId: asText(list[n]), ...note(asNumber(list[n + 1])) });
  return found;
}

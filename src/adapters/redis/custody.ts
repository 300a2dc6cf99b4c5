// The keeper's view of Redis: lanes and claims as the streams themselves count them.
import type { Custody, LaneReport, PendingEntry } from '../../ports/custody.js';
import { type CustodyOptions, createArrival } from './arrival.js';
import { ledgerLines, packedMark } from './ledger-lines.js';
import { packLedger } from './packed-ledger.js';
import { createReconcile, ghosts, strayEntries } from './reconcile.js';
import { asList, asNumber, asText } from './reply.js';
import { runScript } from './scripts.js';
import { formatTrimmed, parseTrimmed } from './trimmed.js';
import { parseView } from './view.js';

/** Keys looked at, and claims read, at a time. */
const PAGE = 500;

/** A claim with what names it in its stream. */
interface Held extends PendingEntry {
  readonly entryId: string;
}

/** The custody below `keys`. */
export function createCustody(options: CustodyOptions): Custody {
  const { connection, keys } = options;

  /** What stands for the star in the names of the keys that fit `<before>*<behind>`, each once. */
  async function* namesOf(before: string, behind = ''): AsyncGenerator<string> {
    const match = `${before.replaceAll(/[\\*?[\]]/g, '\\$&')}*${behind}`;
    const seen = new Set<string>();
    for (let cursor: string | undefined = '0'; cursor !== undefined; ) {
      const from: string = cursor;
      const [next, found] = await connection.ask((redis) => redis.scan(from, 'MATCH', match, 'COUNT', PAGE));
      for (const key of found) {
        const name = key.slice(before.length, key.length - behind.length);
        if (!seen.has(name)) yield name;
        seen.add(name);
      }
      cursor = next === '0' ? undefined : next;
    }
  }

  async function laneNames(): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const name of namesOf(keys.lane(''))) names.push(name);
    return names.sort();
  }

  async function laneReport(lane: string): Promise<LaneReport> {
    const reply = asList(await connection.ask((redis) => runScript(redis, 'lane', [keys.lane(lane)])));
    const [length = 0, running = 0, consumers = 0, lag = 0] = reply.slice(0, 4).map(asNumber);
    const oldest = asText(reply[4]);
    return {
      lane,
      length,
      waiting: length - running,
      running,
      oldestAt: oldest === '' ? undefined : Number(oldest.split('-')[0]),
      consumers,
      lag: lag < 0 ? undefined : lag,
    };
  }

  async function heldIn(lane: string, minIdleMs: number): Promise<readonly Held[]> {
    const all: Held[] = [];
    for (let from = '-'; ; ) {
      const page = asList(
        await connection.ask((redis) =>
          runScript(redis, 'pending', [keys.lane(lane)], [from, PAGE, minIdleMs]),
        ),
      ).map((held) => heldEntry(lane, asList(held)));
      all.push(...page.filter(({ jobId }) => jobId !== ''));
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return all;
      from = `(${last.entryId}`;
    }
  }

  async function claimed(minIdleMs: number): Promise<readonly Held[]> {
    const found: Held[] = [];
    for (const lane of await laneNames()) found.push(...(await heldIn(lane, minIdleMs)));
    return found.sort((a, b) => b.idleMs - a.idleMs);
  }

  return {
    async lanes() {
      const reports: LaneReport[] = [];
      for (const lane of await laneNames()) reports.push(await laneReport(lane));
      return reports;
    },
    delayed: () => connection.ask((redis) => redis.zcard(keys.delayed)),
    async held() {
      let count = 0;
      for await (const repo of namesOf(keys.held('')))
        count += await connection.ask((redis) => redis.zcard(keys.held(repo)));
      return count;
    },
    pending: async () => (await claimed(0)).map(withoutEntry),
    async steal(minIdleMs) {
      const taken: PendingEntry[] = [];
      for (const entry of await claimed(minIdleMs)) {
        const { lane, jobId, worker, entryId } = entry;
        const scriptKeys = [keys.lane(lane), keys.view(jobId), keys.offers(lane)];
        const done = await connection.ask((redis) =>
          runScript(redis, 'steal', scriptKeys, [entryId, worker, minIdleMs, jobId]),
        );
        if (asNumber(done) === 1) taken.push(withoutEntry(entry));
      }
      return taken;
    },
    reconcile: createReconcile(options),
    async *strays(mend) {
      yield* strayEntries(options, await laneNames(), mend);
      for await (const ghost of ghosts(options)) {
        if (mend) await options.forget(ghost.jobId);
        yield ghost;
      }
    },
    async trimMark(jobId) {
      return connection.ask(async (redis) => {
        const [view, ofPacked] = await Promise.all([
          redis.get(keys.view(jobId)),
          packedMark(redis, keys, jobId),
        ]);
        const { trimmed } = parseView(view);
        return trimmed === undefined ? ofPacked : parseTrimmed(trimmed);
      });
    },
    async trim(jobId, { version, mark }) {
      const { view, feed, whole, ledger, answer } = keys;
      const ofJob = [view, feed, whole, ledger, answer].map((key) => key(jobId));
      const done = await connection.ask(async (redis) => {
        const [lines, text] = await Promise.all([ledgerLines(redis, keys, jobId), redis.get(answer(jobId))]);
        const packed = packLedger(lines, mark, text ?? undefined);
        const args = [version, formatTrimmed(mark), keys.jobBell(jobId), packed?.holdsAnswer ? '1' : ''];
        return runScript(redis, 'trim', ofJob, [...args, ...(packed?.elements ?? [])]);
      });
      return asNumber(done) === 1;
    },
    receive: async (jobId) => createArrival(options, jobId),
    jobIds() {
      const [before = '', behind] = keys.ledger('*').split('*');
      return namesOf(before, behind);
    },
  };
}

const withoutEntry = ({ entryId: _entryId, ...entry }: Held): PendingEntry => entry;

const heldEntry = (lane: string, [entryId, worker, idleMs, deliveries, jobId]: readonly unknown[]): Held => ({
  entryId: asText(entryId),
  lane,
  jobId: asText(jobId),
  worker: asText(worker),
  idleMs: asNumber(idleMs),
  deliveries: asNumber(deliveries),
});

// Reading the fleet stream: it names events by job and version, and their records are in the ledgers.
import type { Redis } from 'ioredis';
import type { FeedEntry, FeedPage } from '../../ports/feed.js';
import type { Keys } from './keys.js';
import { ledgerLines } from './ledger-lines.js';
import { asList, asNumber, asText } from './reply.js';
import { runScript } from './scripts.js';
import { parseStored, recordText } from './stored.js';

/** An event as the stream names it. */
interface Named {
  readonly cursor: string;
  readonly jobId: string;
  readonly version: number;
}

/**
 * Up to `limit` events behind the cursor; fewer only at the end. Those of jobs that were removed since are no longer
 * kept: they are left out, which is a gap.
 */
export async function readFleet(redis: Redis, keys: Keys, after: string, limit: number): Promise<FeedPage> {
  const entries: FeedEntry[] = [];
  let gap = false;
  for (let from = after; ; ) {
    const wanted = limit - entries.length;
    const reply = asList(await runScript(redis, 'fleet', [keys.fleet], [from, wanted]));
    const named = asList(reply[1]).map(namedEvent);
    const found = await withRecords(redis, keys, named);
    entries.push(...found);
    gap ||= reply[0] === '1' || found.length < named.length;
    const last = named.at(-1);
    if (last === undefined || named.length < wanted || entries.length === limit) return { entries, gap };
    from = last.cursor;
  }
}

function namedEvent(reply: unknown): Named {
  const [cursor, jobId, version] = asList(reply);
  return { cursor: asText(cursor), jobId: asText(jobId), version: asNumber(version) };
}

/** What is left of these events, in their order; one look at each ledger. */
async function withRecords(redis: Redis, keys: Keys, named: readonly Named[]): Promise<readonly FeedEntry[]> {
  const versions = new Map<string, { from: number; to: number }>();
  for (const { jobId, version } of named) {
    const { from = version, to = version } = versions.get(jobId) ?? {};
    versions.set(jobId, { from: Math.min(from, version), to: Math.max(to, version) });
  }
  const records = new Map<string, string>();
  const look = async ([jobId, { from, to }]: readonly [
    string,
    { from: number; to: number },
  ]): Promise<void> => {
    const lines = await ledgerLines(redis, keys, jobId, from - 1, to - 1);
    for (const [nth, line] of lines.entries()) records.set(`${jobId} ${from + nth}`, recordText(line));
  };
  await Promise.all([...versions].map(look));
  return named.flatMap(({ cursor, jobId, version }) => {
    const record = records.get(`${jobId} ${version}`);
    return record === undefined ? [] : [eventEntry(cursor, jobId, record)];
  });
}

function eventEntry(cursor: string, jobId: string, record: string): FeedEntry {
  const { type } = parseStored<{ readonly type: string }>(record, `the ledger of job ${jobId}`);
  // Each record names its job; the first one does so by itself.
  const data = type === 'JobSubmitted' ? record : `{"jobId":${JSON.stringify(jobId)},${record.slice(1)}`;
  return { cursor, kind: 'event', type, data };
}

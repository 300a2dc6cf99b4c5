// Reading the fleet stream: it names events by job and version, and their records are in the ledgers.
import type { Redis } from 'ioredis';
import { isCode } from '../../domain/errors.js';
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

interface Versions {
  readonly from: number;
  readonly to: number;
}

/** How many names are looked at together where the events of many in a row are gone. */
const GONE_TOGETHER = 1_000;

/**
 * Up to `limit` events behind the cursor; fewer only at the end. Those whose record is not there any more (of jobs that
 * were removed), or cannot be read, are left out, which is a gap: one damaged ledger must not keep all readers.
 */
export async function readFleet(redis: Redis, keys: Keys, after: string, limit: number): Promise<FeedPage> {
  const entries: FeedEntry[] = [];
  let gap = false;
  let reached = after;
  for (;;) {
    const wanted = gap && entries.length === 0 ? Math.max(limit, GONE_TOGETHER) : limit - entries.length;
    const reply = asList(await runScript(redis, 'fleet', [keys.fleet], [reached, wanted]));
    const named = asList(reply[1]).map(namedEvent);
    const found = (await withRecords(redis, keys, named)).slice(0, limit - entries.length);
    entries.push(...found);
    gap ||= reply[0] === '1' || found.length < named.length;
    const isFull = entries.length === limit;
    reached = (isFull ? entries : named).at(-1)?.cursor ?? reached;
    if (!isFull && named.length === wanted) continue;
    const last = entries.at(-1)?.cursor ?? after;
    return { entries, gap, ...(reached === last ? {} : { reached }) };
  }
}

function namedEvent(reply: unknown): Named {
  const [cursor, jobId, version] = asList(reply);
  return { cursor: asText(cursor), jobId: asText(jobId), version: asNumber(version) };
}

/** What is left of these events, in their order; one look at each ledger. */
async function withRecords(redis: Redis, keys: Keys, named: readonly Named[]): Promise<readonly FeedEntry[]> {
  const versions = new Map<string, Versions>();
  for (const { jobId, version } of named) {
    const { from = version, to = version } = versions.get(jobId) ?? {};
    versions.set(jobId, { from: Math.min(from, version), to: Math.max(to, version) });
  }
  const records = new Map<string, string>();
  const look = async ([jobId, { from, to }]: readonly [string, Versions]): Promise<void> => {
    for (const [nth, line] of (await linesOf(redis, keys, jobId, from, to)).entries())
      records.set(`${jobId} ${from + nth}`, recordText(line));
  };
  await Promise.all([...versions].map(look));
  return named.flatMap(({ cursor, jobId, version }) => {
    const record = records.get(`${jobId} ${version}`);
    return record === undefined ? [] : eventEntry(cursor, jobId, record);
  });
}

/** None of a ledger that is damaged: `admin rebuild` names it. */
async function linesOf(
  redis: Redis,
  keys: Keys,
  jobId: string,
  from: number,
  to: number,
): Promise<readonly string[]> {
  try {
    return await ledgerLines(redis, keys, jobId, from - 1, to - 1);
  } catch (error) {
    const isOfAnotherType = error instanceof Error && error.message.startsWith('WRONGTYPE');
    if (isCode(error, 'BUS_CORRUPT') || isOfAnotherType) return [];
    throw error;
  }
}

/** Nothing where the record is damaged. */
function eventEntry(cursor: string, jobId: string, record: string): readonly FeedEntry[] {
  try {
    const { type } = parseStored<{ readonly type: string }>(record, `the ledger of job ${jobId}`);
    // Each record names its job; the first one does so by itself.
    const data = type === 'JobSubmitted' ? record : `{"jobId":${JSON.stringify(jobId)},${record.slice(1)}`;
    return [{ cursor, kind: 'event', type, data }];
  } catch {
    return [];
  }
}

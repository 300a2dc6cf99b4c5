// All that the bus holds of one job, as an auditor reads it: the ledger, the feed, the messages kept aside, and what it
// says of those that were trimmed.
import type { Redis } from 'ioredis';
import type { Keys } from '../../src/adapters/redis/keys.js';
import { ledgerLines, packedMark } from '../../src/adapters/redis/ledger-lines.js';
import { parseTrimmed } from '../../src/adapters/redis/trimmed.js';
import { parseView } from '../../src/adapters/redis/view.js';
import { compareCursors } from '../../src/domain/cursor.js';
import type { LedgerRecord } from '../../src/domain/evidence.js';
import type { TrimMark } from '../../src/ports/custody.js';

export interface FeedRow {
  readonly id: string;
  readonly kind: string;
  readonly type: string;
  readonly data: string;
}

export interface JobEvidence {
  readonly jobId: string;
  /** Empty when the bus knows nothing of the job. */
  readonly records: readonly LedgerRecord[];
  readonly feed: readonly FeedRow[];
  /** By `<attempt>:<seq>`. */
  readonly whole: Readonly<Record<string, string>>;
  /** What was forgotten of the feed; undefined when nothing was. */
  readonly mark: TrimMark | undefined;
}

/** Reads it; throws when Redis does not answer. */
export async function readEvidence(redis: Redis, keys: Keys, jobId: string): Promise<JobEvidence> {
  const lines = await ledgerLines(redis, keys, jobId);
  const said = await redis.xrange(keys.feed(jobId), '-', '+');
  const whole = await redis.hgetall(keys.whole(jobId));
  const records = lines.map((line): LedgerRecord => JSON.parse(line.slice(line.indexOf('{'))));
  const events = lines.flatMap((line, nth) => eventRow(line, records[nth]?.type ?? ''));
  const feed = [...events, ...said.map(saidRow)].sort((a, b) => compareCursors(a.id, b.id));
  const { trimmed } = parseView(await redis.get(keys.view(jobId)));
  const mark = trimmed === undefined ? await packedMark(redis, keys, jobId) : parseTrimmed(trimmed);
  return { jobId, records, feed, whole, mark };
}

/** In the feed stands what has a cursor before it. */
function eventRow(line: string, type: string): FeedRow[] {
  const [, id, data] = /^(\d+-\d+) (.*)$/s.exec(line) ?? [];
  return id === undefined || data === undefined ? [] : [{ id, kind: 'event', type, data }];
}

function saidRow([id, fields]: [string, string[]]): FeedRow {
  const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
  return { id, kind: field('kind'), type: field('type'), data: field('data') };
}

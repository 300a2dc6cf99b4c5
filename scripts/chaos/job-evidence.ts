// All that the bus holds of one job, as an auditor reads it: the ledger, the feed, the messages kept aside.
import type { Redis } from 'ioredis';
import type { Keys } from '../../src/adapters/redis/keys.js';
import type { LedgerRecord } from '../../src/domain/evidence.js';

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
}

/** Reads it; throws when Redis does not answer. */
export async function readEvidence(redis: Redis, keys: Keys, jobId: string): Promise<JobEvidence> {
  const records = await redis.lrange(keys.ledger(jobId), 0, -1);
  const rows = await redis.xrange(keys.feed(jobId), '-', '+');
  const whole = await redis.hgetall(keys.whole(jobId));
  return { jobId, records: records.map((record) => JSON.parse(record)), feed: rows.map(feedRow), whole };
}

function feedRow([id, fields]: [string, string[]]): FeedRow {
  const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
  return { id, kind: field('kind'), type: field('type'), data: field('data') };
}

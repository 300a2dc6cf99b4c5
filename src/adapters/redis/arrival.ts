// A job on its way into Redis: what was said is staged beside, entry by entry, and becomes the job's in one step with its
// ledger, which holds the other entries of its feed.
import { randomUUID } from 'node:crypto';
import { isDeadLetter, isTerminal, type Job } from '../../domain/job.js';
import { repoOf } from '../../domain/placement.js';
import { upkeepAt } from '../../domain/upkeep.js';
import type { Arrival, MovedEntry, MovedJob } from '../../ports/custody.js';
import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import { ledgerLines } from './ledger-lines.js';
import { packLedger } from './packed-ledger.js';
import { asText } from './reply.js';
import { runScript } from './scripts.js';
import { ledgerLine } from './stored.js';
import { formatTrimmed } from './trimmed.js';

export interface CustodyOptions {
  readonly connection: Connection;
  readonly keys: Keys;
  /** How many jobs of one repository may be in their lanes at once; 0 for any number. */
  readonly maxPerRepo: number;
  /** How long the lease of a direct attempt holds without being extended. */
  readonly leaseMs: number;
  /** EventLog.remove. */
  readonly forget: (jobId: string) => Promise<void>;
}

/** What was staged and never settled, because its importer died, is gone after this. */
const STAGED_MS = 60 * 60_000;

/** Begins to stage `jobId`. */
export function createArrival({ connection, keys, maxPerRepo }: CustodyOptions, jobId: string): Arrival {
  const own = `${jobId}:${randomUUID()}`;
  const staged = [keys.stagedFeed(own), keys.stagedWhole(own)];
  let last = '0-0';

  /** Whether the job has these lines, whichever of the two ledgers is packed. */
  async function isHere(lines: readonly string[]): Promise<boolean> {
    const stored = await connection.ask((redis) => ledgerLines(redis, keys, jobId));
    return stored.length === lines.length && stored.every((line, nth) => line === lines[nth]);
  }

  return {
    async add(entries) {
      for (const { cursor } of entries) last = cursor;
      const pieces = entries.filter(({ kind }) => kind !== 'event').flatMap(entryArguments);
      if (pieces.length === 0) return;
      await connection.ask((redis) => runScript(redis, 'stage', staged, [STAGED_MS, ...pieces]));
    },
    async settle(job) {
      const { ledger, view, answer, feed, whole, request } = keys;
      const ofJob = [ledger, view, answer, feed, whole].map((key) => key(jobId));
      const { status, order } = job.after.job;
      const ofAll = [
        keys.jobs,
        keys.index(status),
        keys.delayed,
        keys.upkeep,
        keys.lane(order.lane),
        keys.dead,
        keys.leases,
        request(jobId),
        keys.callbacks,
      ];
      const settled = await connection.ask((redis) =>
        runScript(
          redis,
          'settle',
          [...ofJob, ...staged, ...ofAll],
          settleArguments(keys, maxPerRepo, jobId, job, last),
        ),
      );
      const kind = asText(settled);
      if (kind === 'written' || kind === 'same') return kind;
      if (kind === 'different') return (await isHere(linesOf(job))) ? 'same' : 'different';
      throw new Error(`settle.lua answered ${kind}`);
    },
    async drop() {
      await connection.ask((redis) => redis.del(...staged)).catch(() => undefined); // it lapses by itself
    },
  };
}

/** A whole message is found again by attempt and seq, which its preview names. */
function entryArguments({ cursor, kind, type, data, whole }: MovedEntry): string[] {
  const [, attempt, seq] = /^\{"attempt":(\d+),"seq":(\d+),/.exec(data) ?? [];
  const field = whole === undefined || attempt === undefined ? '' : `${attempt}:${seq}`;
  return [cursor, kind, type, data, field, whole ?? ''];
}

function settleArguments(
  keys: Keys,
  maxPerRepo: number,
  jobId: string,
  moved: MovedJob,
  lastCursor: string,
): (string | number | Buffer)[] {
  const { job } = moved.after;
  const lines = linesOf(moved);
  const packed = moved.trimmed && packLedger(lines, moved.trimmed, moved.answer);
  const answer = packed?.holdsAnswer ? undefined : moved.answer;
  return [
    jobId,
    job.status,
    job.createdAt,
    job.attempt,
    job.order.lane,
    answer === undefined ? '' : '1',
    answer ?? '',
    moved.trimmed === undefined ? '' : formatTrimmed(moved.trimmed),
    placeOf(job),
    job.nextAttemptAt ?? job.queuedSince,
    upkeepAt(job) ?? '',
    keys.jobBell(jobId),
    keys.prefix,
    maxPerRepo,
    maxPerRepo > 0 ? (repoOf(job) ?? '') : '',
    ...(isDeadLetter(job) ? [job.code ?? '', job.error ?? ''] : ['', '']),
    moved.request === undefined ? '' : '1',
    moved.request ?? '',
    job.callback?.dueAt ?? '',
    lastCursor,
    ...(packed?.elements ?? lines),
  ];
}

const linesOf = ({ records, cursors }: MovedJob): readonly string[] =>
  records.map((record, index) => ledgerLine(record, cursors[index]));

/** A direct attempt has its worker where it came from: nobody extends its lease here, and it is ended as lost. */
function placeOf({ status, direct }: Job): 'ended' | 'lane' | 'leased' | 'delayed' {
  if (isTerminal(status)) return 'ended';
  if (status === 'queued') return 'delayed';
  return direct ? 'leased' : 'lane';
}

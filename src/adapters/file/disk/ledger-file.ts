// The form of a ledger on disk: one line of JSON per transition. The lines are the only truth of the file bus;
// everything else is folded from them. Reading needs no lock.
import { readFile } from 'node:fs/promises';
import { isCursor } from '../../../domain/cursor.js';
import { AgenticoreError } from '../../../domain/errors.js';
import { eventOf, GENESIS, type LedgerRecord } from '../../../domain/evidence.js';
import { evolve, type Job } from '../../../domain/job.js';
import type { FeedEntry } from '../../../ports/feed.js';
import type { StoredJob } from '../../../ports/stored-job.js';

export interface LedgerLine {
  /** One for each record: its place in the feeds. */
  readonly cursors: readonly string[];
  readonly records: readonly LedgerRecord[];
  /** Hash of the last record. */
  readonly head: string;
  readonly idempotency?: { readonly key: string; readonly digest: string; readonly expiresAt: number };
  /** Name of the file that holds the final answer, from this transition on. */
  readonly answer?: string;
}

export interface ReadLedger {
  readonly lines: readonly LedgerLine[];
  readonly stored: StoredJob;
  /** Length of the whole lines. */
  readonly length: number;
  /** Bytes behind them: a line whose writing was cut short, and which was therefore never acknowledged. */
  readonly torn: number;
}

/** The line of a transition, with its newline. */
export const formatLedgerLine = (line: LedgerLine): string => `${JSON.stringify(line)}\n`;

/** The line, or undefined when it is none. */
export function parseLedgerLine(text: string): LedgerLine | undefined {
  try {
    const line: LedgerLine = JSON.parse(text);
    const whole =
      line.records.length > 0 &&
      line.records.length === line.cursors.length &&
      line.cursors.every(isCursor) &&
      typeof line.head === 'string';
    return whole ? line : undefined;
  } catch {
    return undefined;
  }
}

/** The records of a line as readers of a feed get them; `jobId` is named in the fleet stream. */
export function eventEntries({ records, cursors }: LedgerLine, jobId?: string): FeedEntry[] {
  return records.map((record, index) => ({
    cursor: cursors[index] ?? '',
    kind: 'event',
    type: record.type,
    data: JSON.stringify(jobId === undefined ? record : { jobId, ...record }),
  }));
}

/**
 * Reads and folds a whole ledger; undefined when it has no whole line. Throws BUS_CORRUPT when a whole line
 * cannot be read, when one does not follow from the one before, or when it is another job's ledger.
 */
export async function readLedger(path: string, jobId: string): Promise<ReadLedger | undefined> {
  const bytes = await readFile(path);
  const lines: LedgerLine[] = [];
  let job: Job | undefined;
  let head = GENESIS;
  let length = 0;
  for (let end = bytes.indexOf('\n'); end !== -1; end = bytes.indexOf('\n', length)) {
    const line = parseLedgerLine(bytes.toString('utf8', length, end));
    if (line === undefined) throw corrupt(path, lines.length + 1, 'cannot be read');
    if (line.records[0]?.prev !== head)
      throw corrupt(path, lines.length + 1, 'does not follow from the one before');
    for (const record of line.records) {
      if (record.version !== (job?.version ?? 0) + 1)
        throw corrupt(path, lines.length + 1, 'has a wrong version');
      job = evolve(job, eventOf(record));
      if (job.id !== jobId) throw corrupt(path, lines.length + 1, 'is not understood, or of another job');
    }
    lines.push(line);
    head = line.head;
    length = end + 1;
  }
  if (job === undefined) return undefined;
  return { lines, stored: { job, head: () => head }, length, torn: bytes.length - length };
}

function corrupt(path: string, line: number, what: string): AgenticoreError {
  return new AgenticoreError('BUS_CORRUPT', `Line ${line} of ${path} ${what}.`);
}

// What Redis keeps of jobs, read back: the ledger is folded at each reading, so that there is no second account of a job
// that could differ from it. Most jobs have about ten events.
import type { Redis } from 'ioredis';
import { AgenticoreError } from '../../domain/errors.js';
import { canonicalJson, type LedgerRecord } from '../../domain/evidence.js';
import { foldLedger } from '../../domain/fold-ledger.js';
import { evolve } from '../../domain/job.js';
import type { StoredJob } from '../../ports/stored-job.js';
import { sha256 } from '../host/sha256.js';
import type { Keys } from './keys.js';
import { ledgerLines } from './ledger-lines.js';
import { parseView } from './view.js';

/** The job as it stands; undefined when there is none. Throws BUS_CORRUPT when its ledger cannot be read. */
export async function readJob(redis: Redis, keys: Keys, jobId: string): Promise<StoredJob | undefined> {
  const [lines, view] = await Promise.all([ledgerLines(redis, keys, jobId), redis.get(keys.view(jobId))]);
  const stored = storedJob(jobId, lines);
  if (stored === undefined) return undefined;
  const { heldSince, heldMs } = parseView(view);
  if (heldSince !== undefined) return { ...stored, heldMs: Math.max(0, Date.now() - Number(heldSince)) };
  return heldMs === undefined ? stored : { ...stored, heldMs: Number(heldMs) };
}

/** The job of these ledger lines; undefined when there are none. Throws BUS_CORRUPT. */
export function storedJob(jobId: string, lines: readonly string[]): StoredJob | undefined {
  const records = ledgerRecords(jobId, lines);
  try {
    return foldLedger(records, sha256);
  } catch {
    throw new AgenticoreError('BUS_CORRUPT', `The ledger of job ${jobId} is not understood.`);
  }
}

/** The job whose ledger has one record so far, as canonical JSON. Throws BUS_CORRUPT. */
export function newJob(jobId: string, text: string): StoredJob {
  const record: LedgerRecord = parseStored(text, `the lane entry of job ${jobId}`);
  if (record.type !== 'JobSubmitted')
    throw new AgenticoreError('BUS_CORRUPT', `The lane entry of job ${jobId} is not understood.`);
  return { job: evolve(undefined, record), head: () => sha256(text) };
}

/** The records of these ledger lines. Throws BUS_CORRUPT. */
export const ledgerRecords = (jobId: string, lines: readonly string[]): LedgerRecord[] =>
  lines.map((line): LedgerRecord => parseStored(recordText(line), `the ledger of job ${jobId}`));

/** A record as it stands in the ledger, behind its cursor; those after the end of the feed have none. */
export const ledgerLine = (record: LedgerRecord, cursor: string | undefined): string =>
  cursor === undefined ? canonicalJson(record) : `${cursor} ${canonicalJson(record)}`;

/** The record of a ledger line. */
export const recordText = (line: string): string => line.slice(line.indexOf('{'));

/** Parses what we wrote; throws BUS_CORRUPT, naming the subject, when somebody damaged it. */
export function parseStored<T>(text: string, subject: string): T {
  try {
    return JSON.parse(text);
  } catch {
    throw new AgenticoreError('BUS_CORRUPT', `The bus holds something else than JSON in ${subject}.`);
  }
}

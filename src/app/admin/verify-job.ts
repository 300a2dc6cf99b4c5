// Is what the bus holds of a job what was once written there, and what Claude wrote down itself? Reads everything once,
// in order, and names the first thing that does not fit. Changes nothing.
import { endingOf } from '../../domain/endings.js';
import { AgenticoreError, isCode } from '../../domain/errors.js';
import { firstBreak, type Hash, type LedgerRecord } from '../../domain/evidence.js';
import type { JobStatus } from '../../domain/job.js';
import type { Bus } from '../../ports/bus.js';
import type { Check } from './check.js';
import { createFeedCheck } from './check-feed.js';
import { createSessionCheck, type ReadSession } from './check-sessions.js';

export interface Verified {
  readonly jobId: string;
  /** Undefined when the ledger does not say. */
  readonly status: JobStatus | 'open' | undefined;
  readonly checks: readonly Check[];
}

export interface VerifyDeps {
  readonly bus: Bus;
  readonly hash: Hash;
  readonly readSession: ReadSession;
}

const PAGE = 64;

/** The first thing that does not fit; undefined when everything that can be compared does. */
export const divergenceOf = ({ checks }: Verified): Check | undefined =>
  checks.find(({ result }) => result === 'broken');

/** Compares all that there is of a job. Throws JOB_NOT_FOUND, and BUS_UNREACHABLE when the bus does not answer. */
export async function verifyJob(deps: VerifyDeps, jobId: string): Promise<Verified> {
  try {
    return await verify(deps, jobId);
  } catch (error) {
    if (!(error instanceof AgenticoreError) || !isCode(error, 'BUS_CORRUPT')) throw error;
    return unreadable(jobId, error.message);
  }
}

/** The verdict on a job whose ledger the bus cannot make sense of. */
export const unreadable = (jobId: string, why: string): Verified => ({
  jobId,
  status: undefined,
  checks: [{ name: 'ledger', result: 'broken', fact: why.replace(/\.$/, '') }],
});

async function verify({ bus, hash, readSession }: VerifyDeps, jobId: string): Promise<Verified> {
  const records = await bus.events.read(jobId);
  if (records.length === 0) throw new AgenticoreError('JOB_NOT_FOUND');
  const last = records.findLast(({ type }) => endingOf(type) !== undefined);
  const status = (last && endingOf(last.type)) ?? 'open';
  const ledger = checkLedger(records, jobId, hash);
  if (ledger.result === 'broken') return { jobId, status, checks: [ledger] }; // everything else hangs on it

  const trimmed = (await bus.custody.trimMark(jobId)) !== undefined;
  const feed = createFeedCheck(records, trimmed, hash);
  const sessions = await createSessionCheck(records, (session) => readSession(jobId, session));
  for (let cursor: string | undefined, full = true; full; ) {
    const { entries } = await bus.feed.read({ kind: 'job', jobId }, cursor, PAGE);
    for (const entry of entries) {
      cursor = entry.cursor;
      const message = await feed.take(entry, (attempt, seq) => bus.transcript.whole(jobId, attempt, seq));
      if (message !== undefined) sessions.take(message);
    }
    full = entries.length === PAGE;
  }
  const answer = checkAnswer(records, await bus.events.answer(jobId), hash);
  return { jobId, status, checks: [ledger, ...feed.checks(), ...answer, sessions.check(trimmed)] };
}

function checkLedger(records: readonly LedgerRecord[], jobId: string, hash: Hash): Check {
  const version = firstBreak(records, hash);
  const [first] = records;
  if (version !== undefined) {
    const why = 'the record does not follow from the one before';
    return { name: 'ledger', result: 'broken', fact: `it breaks at version ${version}: ${why}` };
  }
  if (first?.type !== 'JobSubmitted' || first.jobId !== jobId)
    return { name: 'ledger', result: 'broken', fact: 'it is that of another job' };
  return { name: 'ledger', result: 'whole', fact: `${records.length} events` };
}

function checkAnswer(
  records: readonly LedgerRecord[],
  text: string | undefined,
  hash: Hash,
): readonly Check[] {
  const named = records.findLast((record) => record.type === 'ClaudeFinished')?.answer;
  if (named === undefined) return [];
  if (text !== undefined && hash(text) === named.sha256)
    return [{ name: 'answer', result: 'whole', fact: `${named.bytes} bytes` }];
  const what = text === undefined ? 'it is missing' : 'it is another one than its ledger names';
  return [{ name: 'answer', result: 'broken', fact: what }];
}

// What must be true of one ended job, whatever happened to those who worked on it. Each check gives sentences about
// what is not.
import { createHash } from 'node:crypto';
import { endingOf } from '../../src/domain/endings.js';
import { canonicalJson, firstBreak, type LedgerRecord } from '../../src/domain/evidence.js';
import type { FeedRow, JobEvidence } from './job-evidence.js';
import type { Reading } from './readers.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Events behind which the attempt that they name is over. */
const ENDS_ATTEMPT = ['AttemptFailed', 'AttemptLost', 'AttemptParked', 'AttemptHandedBack'];

/** Exactly one event ends the job, and nothing follows it. */
export function auditEnding({ records }: JobEvidence): readonly string[] {
  const types = records.map(({ type }) => type);
  const endings = types.filter((type) => endingOf(type) !== undefined).length;
  if (endings === 1 && endingOf(types.at(-1) ?? '') !== undefined) return [];
  return [`${endings} terminal events: ${types.join(' ')}`];
}

/** Each record names the hash of the one before. */
export function auditLedger({ records }: JobEvidence): readonly string[] {
  const version = firstBreak(records, sha256);
  return version === undefined ? [] : [`the ledger does not fit together at version ${version}`];
}

/** Each message names the one before, and the seals in the ledger give their count and the hash of the last. */
export function auditTranscript({ records, feed, whole }: JobEvidence): readonly string[] {
  const wrong: string[] = [];
  const seals = new Map<number, { count: number; head: string }>();
  for (const record of records)
    if (record.type === 'AttemptStarted')
      seals.set(record.attempt, { count: 0, head: sha256(canonicalJson(record)) });
  for (const { kind, data } of feed) {
    if (kind !== 'message') continue;
    const { attempt, seq, prev, preview } = JSON.parse(data);
    const line = preview === undefined ? data : (whole[`${attempt}:${seq}`] ?? '');
    const seal = seals.get(attempt);
    if (seal === undefined || prev !== seal.head)
      wrong.push(`message ${attempt}:${seq} does not name the one before`);
    seals.set(attempt, { count: (seal?.count ?? 0) + 1, head: sha256(line) });
  }
  let sealed: unknown;
  for (const [at, record] of records.entries()) {
    if (record.type === 'ClaudeFinished') {
      sealed = record.transcript;
      // Only the last seal of an attempt is that of all it said: claude goes on after a verification that failed.
      const later = records.slice(at + 1);
      if (later.some((one) => one.type === record.type && one.attempt === record.attempt)) continue;
      if (canonicalJson(sealed) !== canonicalJson(seals.get(record.attempt)))
        wrong.push(`the seal of attempt ${record.attempt} is not that of its transcript`);
    } else if (endingOf(record.type) !== undefined && 'transcript' in record) {
      if (canonicalJson(record.transcript) !== canonicalJson(sealed))
        wrong.push('the last seal is not that of the end');
    }
  }
  return wrong;
}

/** Whatever an attempt says stands between its start and its end, in the ledger and in the feed. */
export function auditStale({ records, feed }: JobEvidence): readonly string[] {
  const wrong: string[] = [];
  let open: { attempt: number; worker: string } | undefined;
  let last = 0;
  for (const record of records) {
    if (record.type === 'AttemptStarted') {
      if (open !== undefined || record.attempt !== last + 1)
        wrong.push(`attempt ${record.attempt} started too early`);
      open = record;
      last = record.attempt;
    } else if ('attempt' in record && record.attempt !== open?.attempt) {
      wrong.push(
        `${record.type} of attempt ${record.attempt} at version ${record.version}, when ${running(open)}`,
      );
    } else if ('worker' in record && record.worker !== open?.worker) {
      wrong.push(`${record.type} names worker ${record.worker} instead of ${open?.worker}`);
    }
    if (ENDS_ATTEMPT.includes(record.type) || endingOf(record.type) !== undefined) open = undefined;
  }
  return [...wrong, ...auditStaleMessages(feed)];
}

function auditStaleMessages(feed: readonly FeedRow[]): readonly string[] {
  const wrong: string[] = [];
  let open: number | undefined;
  for (const { kind, type, data } of feed) {
    const { attempt, seq } = JSON.parse(data);
    if (type === 'AttemptStarted' && kind === 'event') open = attempt;
    else if (kind === 'event' && (ENDS_ATTEMPT.includes(type) || endingOf(type) !== undefined))
      open = undefined;
    else if (kind !== 'event' && attempt !== open)
      wrong.push(`message ${attempt}:${seq}, when ${running({ attempt: open })}`);
  }
  return wrong;
}

const running = (open: { readonly attempt: number | undefined } | undefined): string =>
  open?.attempt === undefined ? 'none ran' : `attempt ${open.attempt} ran`;

/**
 * The reader saw what the bus held: each frame once, in order, to the end. Behind a gap, which only a trimmed job has, that
 * is what happened, without what was said.
 */
export function auditReading(
  { records, feed, mark }: JobEvidence,
  reading: Reading | undefined,
): readonly string[] {
  if (reading === undefined) return ['nobody read it'];
  const wrong: string[] = [];
  const status = endingOf(records.at(-1)?.type ?? '');
  if (reading.end !== status)
    wrong.push(`the reader was told of the end ${reading.end} instead of ${status}`);
  const seen = reading.frames.map(({ id, event }) => `${id} ${event}`);
  const { gapAfter = feed.length } = reading;
  if (gapAfter < feed.length && mark === undefined)
    wrong.push('the reader was told of a gap, and nothing was trimmed');
  const shown = [...feed.slice(0, gapAfter), ...eventsOf(feed.slice(gapAfter))];
  const kept = shown.map(({ id, type }) => `${id} ${type}`);
  const at = Array.from({ length: Math.max(seen.length, kept.length) }, (_, n) => n).find(
    (n) => seen[n] !== kept[n],
  );
  if (at !== undefined)
    wrong.push(
      `frame ${at + 1} of ${kept.length} was ${seen[at]} instead of ${kept[at]} (${reading.returns} returns)`,
    );
  const altered = shown.findIndex(
    ({ kind, data }, n) => kind !== 'event' && data !== reading.frames[n]?.data,
  );
  if (altered !== -1 && at === undefined) wrong.push(`the content of frame ${altered + 1} is another one`);
  const versions = eventsOf(feed).map(({ data }) => JSON.parse(data).version);
  if (versions.join() !== records.map(({ version }) => version).join())
    wrong.push(`the feed has the events ${versions.join()} of ${records.length}`);
  return wrong;
}

const eventsOf = (feed: readonly FeedRow[]): readonly FeedRow[] =>
  feed.filter(({ kind }) => kind === 'event');

/** Nobody cancelled it: it succeeded. Somebody did and was told so: it is cancelled, and so it stays. */
export function auditResult({ records }: JobEvidence, isCancelConfirmed: boolean): readonly string[] {
  const last = records.at(-1);
  const status = endingOf(last?.type ?? '');
  const isCancelled = isCancelConfirmed || records.some(({ type }) => type === 'CancelRequested');
  const expected = isCancelled ? 'cancelled' : 'succeeded';
  if (status === expected) return [];
  const why = last?.type === 'JobFailed' ? ` (${last.code}: ${last.error})` : '';
  return [`${status} instead of ${expected}${why}`];
}

/** Nothing here is wrong but that processes end and stall, so no attempt has a reason of its own to fail. */
export const auditFailures = ({ records }: JobEvidence): readonly string[] =>
  records.flatMap((record) =>
    record.type === 'AttemptFailed'
      ? [`attempt ${record.attempt} failed: ${record.code}: ${record.error}`]
      : [],
  );

/** The commit that the ledger names last, undefined when there is none. */
const commitOf = (records: readonly LedgerRecord[]): string | undefined =>
  records.findLast((record) => record.type === 'CommitReady')?.oid;

/** The branch on the remote is what the ledger says was pushed. `commits`: how many the branch has beyond the base. */
export function auditRemote(
  { records }: JobEvidence,
  tip: string | undefined,
  commits: number,
): readonly string[] {
  const all = records.flatMap((record) => (record.type === 'CommitReady' ? [record.oid] : []));
  if (records.at(-1)?.type !== 'JobSucceeded')
    return tip === undefined || all.includes(tip) ? [] : [`the remote has ${tip}, which no attempt recorded`];
  const pushed = records.findLast((record) => record.type === 'BranchPushed')?.oid;
  const commit = commitOf(records);
  if (tip === undefined || tip !== commit || tip !== pushed)
    return [`the remote has ${tip}, the ledger ${commit}, pushed ${pushed}`];
  return commits === 1 ? [] : [`the branch has ${commits} commits instead of 1`];
}

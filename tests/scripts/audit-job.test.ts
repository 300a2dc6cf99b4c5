// The auditor of the chaos finds what it looks for: a run without violations means something only then.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  auditEnding,
  auditLedger,
  auditReading,
  auditRemote,
  auditResult,
  auditStale,
  auditTranscript,
} from '../../scripts/chaos/audit-job.js';
import { auditTrim } from '../../scripts/chaos/audit-trim.js';
import type { FeedRow, JobEvidence } from '../../scripts/chaos/job-evidence.js';
import type { Reading } from '../../scripts/chaos/readers.js';
import { canonicalJson, chainEvents, GENESIS, type LedgerRecord } from '../../src/domain/evidence.js';
import type { JobEvent } from '../../src/domain/job-event.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const at = 1;
const started = (attempt: number): JobEvent => ({
  type: 'AttemptStarted',
  at,
  attempt,
  worker: `worker-${attempt}`,
  host: 'host',
});
const lost: JobEvent = {
  type: 'AttemptLost',
  at,
  attempt: 1,
  worker: 'worker-1',
  code: 'WORKER_LOST',
  error: '',
};

/** A job whose first worker was lost and whose second succeeded, with one message of the second. */
function goodJob(
  more: { readonly before?: readonly JobEvent[]; readonly after?: readonly JobEvent[] } = {},
): JobEvidence {
  const first = chainEvents(
    [started(1), lost, ...(more.before ?? []), started(2)],
    { version: 0, head: GENESIS },
    sha256,
  );
  const second = first.records.at(-1);
  const line = JSON.stringify({ attempt: 2, seq: 1, prev: sha256(canonicalJson(second)), message: {} });
  const transcript = { count: 1, head: sha256(line) };
  const rest: readonly JobEvent[] = [
    { type: 'ClaudeFinished', at, attempt: 2, exitCode: 0, costUsd: 0, numTurns: 1, transcript },
    { type: 'CommitReady', at, attempt: 2, oid: 'abc', leftUncommitted: false },
    { type: 'BranchPushed', at, attempt: 2, branch: 'b', oid: 'abc' },
    { type: 'JobSucceeded', at, attempt: 2, transcript },
    ...(more.after ?? []),
  ];
  const tail = { version: first.records.length, head: first.head() };
  const records = [...first.records, ...chainEvents(rest, tail, sha256).records];
  const rows = records.map((record) => ({
    kind: 'event',
    type: record.type as string,
    data: JSON.stringify(record),
  }));
  rows.splice(first.records.length, 0, { kind: 'message', type: 'assistant', data: line });
  const feed = rows.map((row, n) => ({ id: `1-${n + 1}`, ...row }));
  return { jobId: 'j', records, feed, whole: {}, mark: undefined };
}

const readingOf = ({ feed }: JobEvidence): Reading => ({
  jobId: 'j',
  frames: feed.map(({ id, type, data }) => ({ id, event: type, data })),
  gapAfter: undefined,
  end: 'succeeded',
  returns: 1,
});

const without = <T>(items: readonly T[], index: number): readonly T[] => items.filter((_, n) => n !== index);
const swapped = <T>(items: readonly T[], index: number): readonly T[] =>
  items.flatMap((item, n) => (n === index ? [] : n === index + 1 ? [item, items[index] ?? item] : [item]));

describe('the auditor of a job', () => {
  const good = goodJob();
  const message = good.feed.findIndex(({ kind }) => kind === 'message');
  const finds = (wrong: readonly string[]): void => assert.notDeepEqual(wrong, []);

  it('has nothing to say about a job that went well', () => {
    const all = [auditEnding, auditLedger, auditTranscript, auditStale].flatMap((audit) => audit(good));
    assert.deepEqual([...all, ...auditReading(good, readingOf(good)), ...auditRemote(good, 'abc', 1)], []);
    assert.deepEqual(auditResult(good, false), []);
  });

  it('sees a second end, and an end that is not the last', () => {
    finds(auditEnding(goodJob({ after: [{ type: 'JobCancelled', at }] })));
    finds(auditEnding(goodJob({ after: [{ type: 'CancelRequested', at, by: 'x' }] })));
    finds(auditEnding({ ...good, records: good.records.slice(0, -1) }));
  });

  it('sees a record that was taken out, changed, or put elsewhere', () => {
    finds(auditLedger({ ...good, records: without(good.records, 1) }));
    finds(auditLedger({ ...good, records: swapped(good.records, 1) }));
    const altered = good.records.map(
      (record): LedgerRecord => (record.type === 'AttemptStarted' ? { ...record, host: 'other' } : record),
    );
    finds(auditLedger({ ...good, records: altered }));
  });

  it('sees a message that was taken out, changed, or doubled', () => {
    const row = good.feed[message];
    assert.ok(row);
    finds(auditTranscript({ ...good, feed: without(good.feed, message) }));
    finds(auditTranscript({ ...good, feed: good.feed.flatMap((one) => (one === row ? [one, one] : [one])) }));
    const changed: FeedRow = { ...row, data: row.data.replace('{}', '{"x":1}') };
    finds(auditTranscript({ ...good, feed: good.feed.map((one) => (one === row ? changed : one)) }));
  });

  it('sees what a worker wrote whose attempt was over', () => {
    const late: JobEvent = { type: 'ClaudeStarted', at, attempt: 1, pid: 1, sessionId: 's' };
    finds(auditStale(goodJob({ before: [late] })));
    finds(auditStale(goodJob({ before: [started(2)] })));
    const early = [...good.feed].filter((_, n) => n !== message);
    const row = good.feed[message];
    assert.ok(row);
    finds(auditStale({ ...good, feed: [...early.slice(0, 2), row, ...early.slice(2)] }));
  });

  it('sees a reader who missed a frame, got one twice, in another order, or was told nothing of the end', () => {
    const reading = readingOf(good);
    finds(auditReading(good, { ...reading, frames: without(reading.frames, 2) }));
    finds(
      auditReading(good, { ...reading, frames: [...reading.frames.slice(0, 2), ...reading.frames.slice(1)] }),
    );
    finds(auditReading(good, { ...reading, frames: swapped(reading.frames, 2) }));
    finds(auditReading(good, { ...reading, end: undefined }));
    finds(auditReading(good, undefined));
  });

  it('lets a reader of a trimmed job miss what was said behind a gap, and nothing else', () => {
    const reading = readingOf(good);
    const trimmed = { ...good, mark: { cursor: good.feed[message]?.id ?? '' } };
    const missed = { ...reading, frames: without(reading.frames, message), gapAfter: 1 };
    assert.deepEqual(auditReading(trimmed, missed), []);
    assert.deepEqual(auditReading(trimmed, reading), []);
    finds(auditReading(good, missed));
    finds(auditReading(trimmed, { ...missed, gapAfter: undefined }));
    finds(auditReading(trimmed, { ...missed, gapAfter: message + 1 }));
    finds(auditReading(trimmed, { ...missed, frames: without(missed.frames, message) }));
  });

  it('sees a trim that took more than what was said, or less, or says another place', () => {
    const { id = '', data = '' } = good.feed[message] ?? {};
    const mark = { cursor: id, hash: sha256(data) };
    const trimmed = { ...good, mark, feed: without(good.feed, message) };
    assert.deepEqual(auditTrim(good, trimmed), []);
    finds(auditTrim(undefined, trimmed));
    finds(auditTrim(good, { ...trimmed, feed: good.feed }));
    finds(auditTrim(good, { ...trimmed, feed: trimmed.feed.slice(1) }));
    finds(auditTrim(good, { ...trimmed, records: good.records.slice(1) }));
    finds(auditTrim(good, { ...trimmed, whole: { '2:1': data } }));
    finds(auditTrim(good, { ...trimmed, mark: { ...mark, cursor: '1-1' } }));
    finds(auditTrim(good, { ...trimmed, mark: { cursor: id } }));
  });

  it('sees a remote that is not what the ledger says', () => {
    finds(auditRemote(good, 'abd', 1));
    finds(auditRemote(good, undefined, 0));
    finds(auditRemote(good, 'abc', 2));
  });

  it('sees a cancel that was forgotten, and a job that failed', () => {
    finds(auditResult(good, true));
    finds(auditResult({ ...good, records: good.records.slice(0, -1) }, false));
  });
});

// Looks at a job's history while it passes by: is every record linked to the one before, every message too, and does
// the end agree with what was sealed? Names the first thing that does not fit.
import { compareCursors, isCursor } from '../../domain/cursor.js';
import { canonicalJson, eventOf, GENESIS, type Hash, type LedgerRecord } from '../../domain/evidence.js';
import { evolve, isTerminal, type Job } from '../../domain/job.js';
import type { TranscriptSeal } from '../../domain/job-event.js';
import type { ExportLine } from './export-line.js';
import { isKnownEvent } from './known-event.js';

type Entry = Extract<ExportLine, { line: 'event' | 'said' }>;

export interface HistoryCheck {
  /** A sentence about what is wrong with the next entry; undefined when it fits. */
  take(entry: Entry): string | undefined;
  /** What the entries so far add up to. */
  job(): Job | undefined;
  head(): string;
}

/** How our own messages begin; what does not is not chained and cannot be checked. */
const ADDRESS = /^\{"attempt":(\d{1,9}),"seq":\d{1,9},"prev":"([0-9a-f]{64})",/;
const KEPT_ASIDE = /"sha256":"([0-9a-f]{64})","href":"[^"]*"\}$/;

/** A check of the history of `jobId`. `isTrimmed`: its messages were forgotten, so that no seal can be compared. */
export function createHistoryCheck(jobId: string, isTrimmed: boolean, hash: Hash): HistoryCheck {
  let job: Job | undefined;
  let head = GENESIS;
  let cursor = '0-0';
  let transcript: TranscriptSeal & { readonly attempt: number } = { attempt: 0, count: 0, head: '' };

  function takeEvent(record: LedgerRecord): string | undefined {
    const version = (job?.version ?? 0) + 1;
    if (record.version !== version || record.prev !== head)
      return `its ledger breaks at version ${version}: the record does not follow from the one before`;
    try {
      job = isKnownEvent(record) ? evolve(job, eventOf(record)) : undefined;
    } catch {
      job = undefined;
    }
    if (job?.id !== jobId || job.version !== version)
      return `its ledger breaks at version ${version}: the event is not understood, or another job's`;
    head = hash(canonicalJson(record));
    if (record.type === 'AttemptStarted') transcript = { attempt: record.attempt, count: 0, head };
    if (record.type !== 'ClaudeFinished' || isTrimmed) return undefined;
    const { count, head: sealed } = record.transcript;
    if (transcript.count === count && transcript.head === sealed) return undefined;
    return `its transcript is not the one that version ${version} was sealed with: messages are missing or changed`;
  }

  function takeMessage({ data, whole }: Extract<Entry, { line: 'said' }>): string | undefined {
    const [, attempt, prev] = ADDRESS.exec(data) ?? [];
    if (attempt === undefined) return undefined;
    if (Number(attempt) !== transcript.attempt || prev !== transcript.head)
      return `its transcript breaks at ${cursor}: the message does not follow from the one before`;
    const stated = KEPT_ASIDE.exec(data)?.[1];
    const found = hash(whole ?? data);
    if (stated !== undefined && whole !== undefined && stated !== found)
      return `its transcript breaks at ${cursor}: the message that was kept aside is another one`;
    transcript = { ...transcript, count: transcript.count + 1, head: stated ?? found };
    return undefined;
  }

  return {
    take(entry) {
      if (entry.line === 'event' && entry.cursor === undefined) {
        if (job !== undefined && isTerminal(job.status)) return takeEvent(entry.record);
        return `its feed breaks behind ${cursor}: an event has no place there`;
      }
      if (entry.cursor === undefined || !isCursor(entry.cursor) || compareCursors(entry.cursor, cursor) <= 0)
        return `its feed breaks behind ${cursor}: the entries are not in order`;
      cursor = entry.cursor;
      if (entry.line === 'said' && /[\r\n]/.test(`${entry.data}${entry.whole ?? ''}`))
        return `its transcript breaks at ${cursor}: the message is more than one line`;
      if (entry.line === 'event') return takeEvent(entry.record);
      return entry.kind === 'message' ? takeMessage(entry) : undefined;
    },
    job: () => job,
    head: () => head,
  };
}

// A job's feed against its ledger: every event once and in order, every message linked to the one before, each
// transcript as long as it was sealed, every message kept aside the one that was said.
import { compareCursors } from '../../domain/cursor.js';
import { endingOf } from '../../domain/endings.js';
import { canonicalJson, type Hash, type LedgerRecord } from '../../domain/evidence.js';
import type { TranscriptSeal } from '../../domain/job-event.js';
import { isRecord, type JsonRecord } from '../../domain/json-record.js';
import type { HeardMessage } from '../../domain/session-record.js';
import type { FeedEntry } from '../../ports/feed.js';
import type { Check } from './check.js';

export type FindWhole = (attempt: number, seq: number) => Promise<string | undefined>;

export interface FeedCheck {
  /** The next entry; gives the message in it, as it was said. */
  take(entry: FeedEntry, whole: FindWhole): Promise<HeardMessage | undefined>;
  /** What is known when no more entries come. */
  checks(): readonly Check[];
}

interface Tally {
  readonly attempt: number;
  readonly count: number;
  readonly head: string;
}

/** A check against a ledger that is whole. `trimmed`: what was said is no longer kept. */
export function createFeedCheck(records: readonly LedgerRecord[], trimmed: boolean, hash: Hash): FeedCheck {
  const faults = new Map<Check['name'], string>();
  const tallies = new Map<number, Tally>();
  let cursor = '0-0';
  let events = 0;
  let messages = 0;
  let keptAside = 0;
  let open: Tally | undefined;
  let isBehind = false;
  const hasEnded = records.some(({ type }) => endingOf(type) !== undefined);

  /** Only the first of each kind counts: what follows from it is no news. */
  const blame = (name: Check['name'], fact: string): void => {
    if (!faults.has(name)) faults.set(name, fact);
  };

  function takeEvent({ data }: FeedEntry): void {
    const record = records[events];
    if (record === undefined && !hasEnded) isBehind = true; // it goes on while we look
    if (isBehind) return;
    events += 1;
    const told = parse(data);
    if (record === undefined || canonicalJson(told) !== canonicalJson(record)) {
      blame('feed', `the event at ${cursor} is not version ${events} of the ledger`);
    } else if (record.type === 'AttemptStarted') {
      open = { attempt: record.attempt, count: 0, head: hash(canonicalJson(record)) };
      tallies.set(record.attempt, open);
    } else if (record.type === 'ClaudeFinished' && !trimmed) {
      // Claude may go on in the same attempt: what it had said until here is all that is sealed here.
      const fault = sealFault(record, open);
      if (fault !== undefined) blame('seals', fault);
    }
  }

  async function takeMessage({ data }: FeedEntry, find: FindWhole): Promise<HeardMessage | undefined> {
    const { attempt, seq, prev, sha256: stated, href, message } = parse(data) ?? {};
    messages += 1;
    if (typeof attempt !== 'number' || typeof seq !== 'number')
      return void blame('transcript', `the message at ${cursor} has no place in it`);
    const name = `${attempt}:${seq}`;
    if (open === undefined || attempt !== open.attempt || prev !== open.head)
      blame('transcript', `it breaks at message ${name}: it does not follow from the one before`);
    const whole = typeof href === 'string' ? await find(attempt, seq) : data;
    if (typeof href === 'string') {
      keptAside += 1;
      if (whole === undefined) blame('kept aside', `message ${name} is missing`);
      else if (hash(whole) !== stated) blame('kept aside', `message ${name} is not the one that was said`);
    }
    const head = typeof href === 'string' && typeof stated === 'string' ? stated : hash(data);
    open = { attempt, count: (open?.count ?? 0) + 1, head };
    tallies.set(attempt, open);
    const said = whole === data ? message : parse(whole ?? '')?.message;
    return isRecord(said) ? { attempt, name, message: said } : undefined;
  }

  function check(name: Check['name'], fact: string): Check {
    const fault = faults.get(name);
    return { name, result: fault === undefined ? 'whole' : 'broken', fact: fault ?? fact };
  }

  const forgotten = (name: Check['name']): Check => ({
    name,
    result: 'unknown',
    fact: 'what was said is no longer kept: the job was trimmed',
  });

  return {
    async take(entry, find) {
      if (compareCursors(entry.cursor, cursor) <= 0)
        blame('feed', `the entries behind ${cursor} are not in order`);
      cursor = entry.cursor;
      if (entry.kind === 'event') return void takeEvent(entry);
      return entry.kind === 'message' && !isBehind ? takeMessage(entry, find) : undefined;
    },
    checks() {
      // What was written after the end of the job has no place in its feed.
      const due = records.findIndex(({ type }) => endingOf(type) !== undefined) + 1 || records.length;
      if (events < due) blame('feed', `version ${events + 1} of the ledger is not in it`);
      if (trimmed)
        return [check('feed', `${events} events`), forgotten('transcript'), checkSeals(records, undefined)];
      const attempts = [...tallies.values()].filter(({ count }) => count > 0).length;
      const places = `${messages} messages of ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
      return [
        check('feed', `${events} events`),
        check('transcript', places),
        faults.has('seals') ? check('seals', '') : checkSeals(records, tallies),
        ...(keptAside > 0 ? [check('kept aside', `${keptAside} messages`)] : []),
      ];
    },
  };
}

const isSealOf = (record: LedgerRecord, attempt: number): boolean =>
  record.type === 'ClaudeFinished' && record.attempt === attempt;

/** How what was said differs from what was sealed; undefined when it does not, or nothing was heard of the attempt. */
function sealFault(
  { attempt, transcript }: { readonly attempt: number; readonly transcript: TranscriptSeal },
  said: TranscriptSeal | undefined,
): string | undefined {
  const { count, head } = said ?? transcript;
  if (count === transcript.count && head === transcript.head) return undefined;
  const difference = count === transcript.count ? 'they are others' : `there were ${transcript.count}`;
  return `the transcript of attempt ${attempt} is not the one that was sealed: it has ${count} messages, and ${difference}`;
}

/** Count and hash of each transcript, as its attempt's end and the job's end say. */
function checkSeals(
  records: readonly LedgerRecord[],
  tallies: ReadonlyMap<number, TranscriptSeal> | undefined,
): Check {
  let sealed: TranscriptSeal | undefined;
  let seals = 0;
  const broken = (fact: string): Check => ({ name: 'seals', result: 'broken', fact });
  for (const [at, record] of records.entries()) {
    if (record.type === 'ClaudeFinished') {
      sealed = record.transcript;
      seals += 1;
      const isLast = !records.slice(at + 1).some((later) => isSealOf(later, record.attempt));
      const fault = isLast && tallies ? sealFault(record, tallies.get(record.attempt)) : undefined;
      if (fault !== undefined) return broken(fault);
    } else if (endingOf(record.type) !== undefined && 'transcript' in record) {
      if (record.transcript !== undefined && canonicalJson(record.transcript) !== canonicalJson(sealed))
        return broken(`the seal in version ${record.version} is not that of the last transcript`);
    }
  }
  if (seals === 0)
    return {
      name: 'seals',
      result: 'unknown',
      fact: 'no transcript was sealed: a tail cut off would not show',
    };
  const fact = `${seals} sealed ${seals === 1 ? 'transcript' : 'transcripts'}`;
  return tallies === undefined
    ? { name: 'seals', result: 'unknown', fact: `${fact}, no longer kept` }
    : { name: 'seals', result: 'whole', fact };
}

function parse(data: string): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

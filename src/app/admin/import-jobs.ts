// Jobs on their way into a bus: each is checked as it comes, and is there wholly or not at all.
import type { Hash } from '../../domain/evidence.js';
import { isTerminal } from '../../domain/job.js';
import type { Custody, MovedEntry } from '../../ports/custody.js';
import { createHistoryCheck, type HistoryCheck } from './check-history.js';
import { EXPORT_FORMAT, type ExportLine, parseExportLine } from './export-line.js';

export interface ImportReport {
  readonly imported: number;
  /** Jobs that were here already, with the same history. */
  readonly same: number;
  readonly refused: readonly { readonly jobId: string; readonly reason: string }[];
  /** Why the rest could not be read; undefined when the export was whole. */
  readonly torn?: string;
}

export interface ImportDeps {
  readonly custody: Custody;
  readonly hash: Hash;
}

/** As we give them: other parts refuse to make folders or branches of anything else. */
const JOB_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const BATCH_ENTRIES = 256;
const BATCH_CHARACTERS = 512 * 1024;
const OPEN =
  'it has not ended, and would run here as well as there; stop it there, or import it with --open to have it run here';

/**
 * Takes in the jobs of an export. One that does not fit is refused and the next one is looked at; what is torn ends
 * the import, with everything before it imported. `open`: jobs that have not ended too. Throws BUS_UNREACHABLE.
 */
export async function importJobs(
  deps: ImportDeps,
  lines: AsyncIterable<string>,
  open: boolean,
): Promise<ImportReport> {
  const report = { imported: 0, same: 0, refused: [] as { jobId: string; reason: string }[] };
  const reader = lines[Symbol.asyncIterator]();
  const next = async (): Promise<ExportLine | undefined> => {
    const { done, value } = await reader.next();
    return done === true ? undefined : parseExportLine(value);
  };
  const first = await reader.next();
  if (first.done === true) return { ...report, torn: 'The input is empty: no export of agenticore.' };
  const header = parseExportLine(first.value);
  if (header?.line !== 'agenticore-export') return { ...report, torn: 'This is no export of agenticore.' };
  if (header.format !== EXPORT_FORMAT)
    return {
      ...report,
      torn: `The export has format ${header.format}; this version reads ${EXPORT_FORMAT}.`,
    };

  for (let jobs = 0; ; jobs += 1) {
    const line = await next();
    if (line?.line === 'done' && line.jobs === jobs) return { ...report, ...(await behindTheEnd(reader)) };
    if (line?.line !== 'job') return { ...report, torn: `The export is torn after ${jobs} jobs.` };
    const outcome = await importJob(deps, line, next, open);
    if (outcome === 'torn') {
      return {
        ...report,
        torn: `The export is torn in the middle of job ${line.jobId}, which was left out with all that follows.`,
      };
    }
    if (outcome === 'written') report.imported += 1;
    else if (outcome === 'same') report.same += 1;
    else report.refused.push({ jobId: line.jobId, reason: outcome.refused });
  }
}

/** Whoever puts exports into one file shall hear that only the first one was taken in. */
export async function behindTheEnd(reader: AsyncIterator<string>): Promise<Pick<ImportReport, 'torn'>> {
  for (;;) {
    const { done, value } = await reader.next();
    if (done === true) return {};
    if (value.trim() === '') continue;
    return { torn: 'There is more behind the end of the export, which was left out; import each by itself.' };
  }
}

type Outcome = 'written' | 'same' | 'torn' | { readonly refused: string };

async function importJob(
  { custody, hash }: ImportDeps,
  first: Extract<ExportLine, { line: 'job' }>,
  next: () => Promise<ExportLine | undefined>,
  open: boolean,
): Promise<Outcome> {
  const { jobId, trimmed } = first;
  const isNamed = JOB_ID.test(jobId);
  const check = createHistoryCheck(jobId, trimmed !== undefined, hash);
  const arrival = isNamed ? await custody.receive(jobId) : undefined;
  let refusal = isNamed ? undefined : 'its id is none';
  try {
    const come = await takeAll(check, next, async (entries) => {
      if (refusal === undefined) await arrival?.add(entries);
    });
    if (come === undefined || come.end.jobId !== jobId) return 'torn';
    refusal ??= come.refusal ?? refusalOf(check, come, hash, open);
    const job = check.job();
    if (refusal !== undefined || arrival === undefined || job === undefined)
      return { refused: refusal ?? 'it has no history' };
    const { records, cursors, answer, request } = come;
    const settled = await arrival.settle({
      records,
      cursors,
      after: { job, head: check.head },
      ...(answer === undefined ? {} : { answer }),
      ...(request === undefined || isTerminal(job.status) ? {} : { request }),
      ...(trimmed === undefined ? {} : { trimmed }),
    });
    return settled === 'different' ? { refused: 'a job of this id with another history is here' } : settled;
  } finally {
    await arrival?.drop();
  }
}

interface Come {
  readonly records: Extract<ExportLine, { line: 'event' }>['record'][];
  readonly cursors: string[];
  readonly answer: string | undefined;
  readonly request: string | undefined;
  readonly said: number;
  readonly end: Extract<ExportLine, { line: 'end' }>;
  /** What is wrong with the first entry that does not fit. */
  readonly refusal: string | undefined;
}

/** Reads a job to its end, passing its entries on in batches; undefined when it is torn. */
async function takeAll(
  check: HistoryCheck,
  next: () => Promise<ExportLine | undefined>,
  add: (entries: readonly MovedEntry[]) => Promise<void>,
): Promise<Come | undefined> {
  const records: Come['records'] = [];
  const cursors: string[] = [];
  let answer: string | undefined;
  let request: string | undefined;
  let refusal: string | undefined;
  let said = 0;
  let batch: MovedEntry[] = [];
  let characters = 0;
  const flush = async (): Promise<void> => {
    if (batch.length > 0 && refusal === undefined) await add(batch);
    batch = [];
    characters = 0;
  };
  for (;;) {
    const line = await next();
    switch (line?.line) {
      case 'event':
      case 'said': {
        refusal ??= check.take(line);
        if (line.line === 'event') {
          records.push(line.record);
          if (line.cursor === undefined) break;
          cursors.push(line.cursor);
        } else said += 1;
        const entry = movedEntry(line, line.cursor ?? '');
        batch.push(entry);
        characters += entry.data.length + (entry.whole?.length ?? 0);
        if (batch.length >= BATCH_ENTRIES || characters >= BATCH_CHARACTERS) await flush();
        break;
      }
      case 'answer':
        answer = line.text;
        break;
      case 'request':
        request = line.text;
        break;
      case 'end':
        await flush();
        return { records, cursors, answer, request, said, end: line, refusal };
      default:
        return undefined;
    }
  }
}

function movedEntry(line: Extract<ExportLine, { line: 'event' | 'said' }>, cursor: string): MovedEntry {
  if (line.line === 'event')
    return { cursor, kind: 'event', type: line.record.type, data: JSON.stringify(line.record) };
  const { kind, type, data, whole } = line;
  return { cursor, kind, type, data, ...(whole === undefined ? {} : { whole }) };
}

/** What speaks against a job whose entries all fit. */
function refusalOf(check: HistoryCheck, come: Come, hash: Hash, open: boolean): string | undefined {
  const job = check.job();
  if (job === undefined) return 'it has no history';
  if (come.end.events !== come.records.length || come.end.said !== come.said)
    return 'lines of it are missing: there are fewer than it ends with';
  if (job.answer !== undefined && (come.answer === undefined || hash(come.answer) !== job.answer.sha256))
    return 'its answer is missing, or another one than its ledger names';
  return open || isTerminal(job.status) ? undefined : OPEN;
}

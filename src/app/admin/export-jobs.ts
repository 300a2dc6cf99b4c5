// Jobs on their way out of a bus: each as it stands, its feed read page by page.
import { AgenticoreError } from '../../domain/errors.js';
import type { Bus } from '../../ports/bus.js';
import type { FeedEntry } from '../../ports/feed.js';
import { endOfFeed } from '../follow-feed.js';
import { EXPORT_FORMAT, type ExportLine } from './export-line.js';

const PAGE = 64;

/** The lines of these jobs. One that is removed meanwhile is left out; throws JOB_NOT_FOUND when `mustBeThere`. */
export async function* exportJobs(
  bus: Bus,
  jobIds: AsyncIterable<string> | Iterable<string>,
  mustBeThere: boolean,
): AsyncGenerator<ExportLine> {
  yield { line: 'agenticore-export', format: EXPORT_FORMAT };
  let jobs = 0;
  for await (const jobId of jobIds) {
    if ((await bus.events.load(jobId)) === undefined) {
      if (mustBeThere) throw new AgenticoreError('JOB_NOT_FOUND');
      continue;
    }
    yield* exportJob(bus, jobId);
    jobs += 1;
  }
  yield { line: 'done', jobs };
}

async function* exportJob(bus: Bus, jobId: string): AsyncGenerator<ExportLine> {
  const trimmed = await bus.custody.trimMark(jobId);
  yield { line: 'job', jobId, ...(trimmed === undefined ? {} : { trimmed }) };
  let events = 0;
  let said = 0;
  let cursor: string | undefined;
  let ended = false;
  while (!ended) {
    const { entries } = await bus.feed.read({ kind: 'job', jobId }, cursor, PAGE);
    for (const entry of entries) {
      cursor = entry.cursor;
      const line = await entryLine(bus, jobId, entry);
      if (line.line === 'event') events += 1;
      else said += 1;
      yield line;
      ended = endOfFeed(entry) !== undefined;
      if (ended) break;
    }
    if (entries.length < PAGE) break;
  }
  if (ended) {
    for (const record of (await bus.events.read(jobId)).slice(events)) {
      events += 1;
      yield { line: 'event', record };
    }
  }
  const text = await bus.events.answer(jobId);
  if (text !== undefined) yield { line: 'answer', text };
  const request = await bus.events.request(jobId);
  if (request !== undefined) yield { line: 'request', text: request };
  yield { line: 'end', jobId, events, said };
}

async function entryLine(bus: Bus, jobId: string, entry: FeedEntry): Promise<ExportLine> {
  const { cursor, kind, type, data } = entry;
  if (kind === 'event') return { line: 'event', cursor, record: JSON.parse(data) };
  const whole = await wholeOf(bus, jobId, data);
  return { line: 'said', cursor, kind, type, data, ...(whole === undefined ? {} : { whole }) };
}

/** Only a preview has an href: the parse of every message is spared. */
async function wholeOf(bus: Bus, jobId: string, data: string): Promise<string | undefined> {
  if (!data.includes('"href":')) return undefined;
  const { attempt, seq, href }: Readonly<Record<string, unknown>> = JSON.parse(data);
  if (typeof href !== 'string' || typeof attempt !== 'number' || typeof seq !== 'number') return undefined;
  return bus.transcript.whole(jobId, attempt, seq);
}

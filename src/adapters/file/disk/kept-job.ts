// One job as the process knows it: its folder on disk, its view in memory, and how far its files may be read.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareCursors } from '../../../domain/cursor.js';
import { isAfterword } from '../../../domain/endings.js';
import { isTerminal } from '../../../domain/job.js';
import type { TrimMark } from '../../../ports/custody.js';
import type { FeedEntry, FeedPage } from '../../../ports/feed.js';
import type { StoredJob } from '../../../ports/stored-job.js';
import { hasCode } from '../../host/system-error.js';
import { createFeedPages, type FeedPages, mergeEntries } from './feed-pages.js';
import { createGrowingFile, type GrowingFile, unreachable } from './growing-file.js';
import { eventEntries, type LedgerLine, parseLedgerLine } from './ledger-file.js';
import { type MessagePlace, messageEntries, readMessageTail } from './message-file.js';

export const LEDGER = 'ledger.jsonl';
export const MESSAGES = 'messages.jsonl';

/** The whole request of a turn that waits or runs, as JSON. */
export const REQUEST = 'request.json';

/** Says that what was said is no longer kept, and up to where: messages.jsonl does not count where this is. */
export const TRIMMED = 'trimmed.json';

export interface KeptMessages {
  readonly file: GrowingFile;
  readonly pages: FeedPages;
  last: MessagePlace | undefined;
  readonly trimmed: TrimMark | undefined;
}

export interface KeptJob {
  readonly id: string;
  readonly folder: string;
  readonly ledger: GrowingFile;
  readonly ledgerPages: FeedPages;
  stored: StoredJob;
  /** What readers may see of the ledger: grows in the same step as the view. */
  ledgerLength: number;
  lastEvent: string;
  answerFile: string | undefined;
  /** Looked at when first needed: most jobs of a long history are never asked for theirs. */
  messages: Promise<KeptMessages> | undefined;
}

/** The feed of a job is closed with its end. */
const ledgerEntries = (text: string): FeedEntry[] => {
  const line = parseLedgerLine(text);
  return line ? eventEntries(line).filter(({ type }) => !isAfterword(type)) : [];
};

/** A job with the given whole lines in its ledger; `length` bytes of it are good. */
export function createKeptJob(
  folder: string,
  stored: StoredJob,
  lines: readonly LedgerLine[],
  length: number,
): KeptJob {
  const path = join(folder, LEDGER);
  return {
    id: stored.job.id,
    folder,
    ledger: createGrowingFile(path, length),
    ledgerPages: createFeedPages(path, ledgerEntries),
    stored,
    ledgerLength: length,
    lastEvent: lines.at(-1)?.cursors.at(-1) ?? '0-0',
    answerFile: lines.findLast(({ answer }) => answer !== undefined)?.answer,
    messages: undefined,
  };
}

/** The job's transcript file, found on disk at the first call. Throws BUS_UNREACHABLE. */
export function messagesOf(job: KeptJob): Promise<KeptMessages> {
  job.messages ??= (async () => {
    const path = join(job.folder, MESSAGES);
    const trimmed = await readTrimMark(join(job.folder, TRIMMED));
    const none = { length: 0, last: undefined };
    const { length, last } = trimmed
      ? none
      : await readMessageTail(path).catch((error) => {
          throw unreachable(path, error);
        });
    const pages = createFeedPages(path, messageEntries);
    return { file: createGrowingFile(path, length), pages, last, trimmed };
  })();
  job.messages.catch(() => {
    job.messages = undefined; // a passing fault (too many open files) must not stay
  });
  return job.messages;
}

async function readTrimMark(path: string): Promise<TrimMark | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw unreachable(path, error);
  }
}

/** The job's feed after a cursor: its events and messages in one order. */
export async function readJobFeed(job: KeptJob, after: string | undefined, limit: number): Promise<FeedPage> {
  const messages = await messagesOf(job);
  // Both lengths are taken in the same step, so that no event is seen without the messages before it.
  const { ledgerLength, lastEvent } = job;
  const { length } = messages.file;
  const lastMessage = messages.last?.cursor ?? '0-0';
  const isBehind = (last: string): boolean => compareCursors(after ?? '0-0', last) < 0;
  const entries = mergeEntries(
    isBehind(lastEvent) ? await job.ledgerPages.read(ledgerLength, after, limit) : [],
    isBehind(lastMessage) ? await messages.pages.read(length, after, limit) : [],
    limit,
  );
  return { entries, gap: messages.trimmed !== undefined && isBehind(messages.trimmed.cursor) };
}

/** Brings what was said so far to the disk, and gives the file handles back. Throws BUS_UNREACHABLE. */
export async function closeFiles(job: KeptJob): Promise<void> {
  const messages = await job.messages?.catch(() => undefined);
  await messages?.file.sync();
  await messages?.file.close();
  await job.ledger.close();
}

/** Gives back what will not be needed soon: jobs that wait or have ended keep no file open. */
export async function closeIdleFiles(job: KeptJob): Promise<void> {
  const { status } = job.stored.job;
  if (status === 'running') return;
  const messages = await job.messages?.catch(() => undefined); // the append is done: nothing may fail it now
  await messages?.file.close();
  await job.ledger.close();
  if (isTerminal(status)) job.messages = undefined;
}

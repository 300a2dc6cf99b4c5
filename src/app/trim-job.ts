// Forgets what was said in a job that has ended; what happened in it is kept.
import type { Hash } from '../domain/evidence.js';
import type { Job } from '../domain/job.js';
import type { Bus } from '../ports/bus.js';
import type { Cut } from '../ports/custody.js';
import type { FeedEntry } from '../ports/feed.js';

/** What trimming needs of a bus. */
export type TrimBus = Pick<Bus, 'custody' | 'feed'>;

const PAGE = 64;

/** Trims a job that has ended; false when it was trimmed before, or goes on changing. */
export async function trimJob(bus: TrimBus, hash: Hash, job: Job): Promise<boolean> {
  if ((await bus.custody.trimMark(job.id)) !== undefined) return false;
  return bus.custody.trim(job.id, await cutOf(bus, hash, job));
}

async function cutOf(bus: TrimBus, hash: Hash, { id: jobId, version }: Job): Promise<Cut> {
  const cursors: string[] = [];
  let last: FeedEntry | undefined;
  let lastMessage: FeedEntry | undefined;
  for (let cursor: string | undefined; ; ) {
    const { entries } = await bus.feed.read({ kind: 'job', jobId }, cursor, PAGE);
    for (const entry of entries) {
      cursor = entry.cursor;
      if (entry.kind === 'event') cursors.push(entry.cursor);
      else last = entry;
      if (entry.kind === 'message') lastMessage = entry;
    }
    if (entries.length < PAGE) break;
  }
  const head = lastMessage === undefined ? {} : { hash: hashOf(lastMessage, hash) };
  return { version, mark: { cursor: last?.cursor ?? '0-0', ...head }, cursors };
}

/** Of the whole message; a preview names it. */
const hashOf = ({ data }: FeedEntry, hash: Hash): string =>
  /"sha256":"([0-9a-f]{64})","href":"[^"]*"\}$/.exec(data)?.[1] ?? hash(data);

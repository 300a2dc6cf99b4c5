// Readers: replay from the cursor, then live, one order, each entry once.
import { endingOf } from '../domain/endings.js';
import type { JobStatus } from '../domain/job.js';
import type { Feed, FeedEntry, FeedName } from '../ports/feed.js';
import { createBell } from './bell.js';

export type Followed =
  | { readonly kind: 'entry'; readonly entry: FeedEntry }
  /** What lay between the reader's place and `next`, the first entry that is kept, if any is, is no longer there. */
  | { readonly kind: 'gap'; readonly after: string | undefined; readonly next: string | undefined }
  /** Everything up to `after` was given; what follows happens now. Said at the start and after each gap. */
  | { readonly kind: 'live'; readonly after: string | undefined };

/** Entries fetched at a time: what one reader may hold in memory while it is slow. */
const PAGE = 64;
/** Before every entry. */
const START = '0-0';

/** The status of a job after the entry that ends its feed; undefined for all other entries. */
export const endOfFeed = ({ kind, type }: FeedEntry): JobStatus | undefined =>
  kind === 'event' ? endingOf(type) : undefined;

/**
 * Follows a feed from `after` (exclusive; undefined = from the start). A job's feed ends with its terminal event,
 * the fleet's only with the signal. Pulls: nothing is read ahead of the consumer beyond one page.
 */
export async function* followFeed(
  feed: Feed,
  name: FeedName,
  after: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Followed> {
  const bell = createBell();
  signal.addEventListener('abort', bell.ring, { once: true });
  const unwatch = await feed.watch(name, bell.ring);
  try {
    let cursor = after;
    let live = false;
    let lostAt: string | undefined;
    while (!signal.aborted) {
      const page = await feed.read(name, cursor, PAGE);
      // Of a feed that is gone as a whole, every read says so.
      const gap = page.gap && lostAt !== (cursor ?? START);
      if (gap) {
        lostAt = cursor ?? START;
        live = false;
        yield { kind: 'gap', after: cursor, next: page.entries[0]?.cursor };
      }
      for (const entry of page.entries) {
        cursor = entry.cursor;
        yield { kind: 'entry', entry };
        if (signal.aborted || (name.kind === 'job' && endOfFeed(entry) !== undefined)) return;
      }
      cursor = page.reached ?? cursor;
      // After a gap once more: who was told of it and then asked how the job stands must not be ahead of its end.
      if (page.entries.length === PAGE || gap) continue;
      if (!live) yield { kind: 'live', after: cursor };
      live = true;
      await bell.rung();
    }
  } finally {
    signal.removeEventListener('abort', bell.ring);
    unwatch();
  }
}

// Readers: replay from the cursor, then live, one order, each entry once.
import { endingOf, type JobStatus } from '../domain/job.js';
import type { Feed, FeedEntry, FeedName } from '../ports/feed.js';
import { createBell } from './bell.js';

export type Followed =
  | { readonly kind: 'entry'; readonly entry: FeedEntry }
  | { readonly kind: 'gap' } // what lay between the cursor and the next entry is no longer kept
  | { readonly kind: 'live' }; // everything so far was given; what follows happens now

/** Entries fetched at a time: what one reader may hold in memory while it is slow. */
const PAGE = 64;

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
    while (!signal.aborted) {
      const page = await feed.read(name, cursor, PAGE);
      if (page.gap) yield { kind: 'gap' };
      for (const entry of page.entries) {
        cursor = entry.cursor;
        yield { kind: 'entry', entry };
        if (signal.aborted || (name.kind === 'job' && endOfFeed(entry) !== undefined)) return;
      }
      if (page.entries.length === PAGE) continue;
      if (!live) yield { kind: 'live' };
      live = true;
      await bell.rung();
    }
  } finally {
    signal.removeEventListener('abort', bell.ring);
    unwatch();
  }
}

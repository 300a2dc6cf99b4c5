// The last events of all jobs, in memory: what dashboards follow. Bounded by count and by size; the ledgers keep all.
import { compareCursors, type FeedEntry, type FeedPage } from '../../ports/feed.js';

const MAX_EVENTS = 10_000;
const MAX_CHARACTERS = 32 * 1024 * 1024;

export interface FleetStream {
  /** Adds entries above all before. */
  push(entries: readonly FeedEntry[]): void;
  read(after: string | undefined, limit: number): FeedPage;
}

/** A stream that begins with what is newest in `history` (any order). */
export function fleetStream(history: readonly FeedEntry[], maxEvents = MAX_EVENTS): FleetStream {
  let kept: FeedEntry[] = [];
  let first = 0;
  let characters = 0;
  let droppedUpTo: string | undefined;

  function push(entries: readonly FeedEntry[]): void {
    for (const entry of entries) {
      kept.push(entry);
      characters += entry.data.length;
    }
    while (kept.length - first > maxEvents || (characters > MAX_CHARACTERS && kept.length - first > 1)) {
      const dropped = kept[first];
      first += 1;
      characters -= dropped?.data.length ?? 0;
      droppedUpTo = dropped?.cursor;
    }
    if (first > maxEvents) [kept, first] = [kept.slice(first), 0];
  }

  function indexAfter(cursor: string): number {
    let low = first;
    let high = kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareCursors(kept[middle]?.cursor ?? '', cursor) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  push([...history].sort((a, b) => compareCursors(a.cursor, b.cursor)));
  return {
    push,
    read(after, limit) {
      const start = after === undefined ? first : indexAfter(after);
      const gap = after !== undefined && droppedUpTo !== undefined && compareCursors(after, droppedUpTo) < 0;
      return { entries: kept.slice(start, start + limit), gap };
    },
  };
}

// The last events of all jobs, in memory: what dashboards follow. Bounded by count and by size; the ledgers keep all.
import { compareCursors } from '../../../domain/cursor.js';
import type { FeedEntry, FeedPage } from '../../../ports/feed.js';

export const FLEET_EVENTS = 10_000;
const MAX_CHARACTERS = 32 * 1024 * 1024;

export interface FleetStream {
  /** Adds entries above all before. */
  push(entries: readonly FeedEntry[]): void;
  read(after: string | undefined, limit: number): FeedPage;
}

/** An empty stream; what came up to `dropped` is no longer in it. */
export function createFleetStream(dropped?: string, maxEvents = FLEET_EVENTS): FleetStream {
  let kept: FeedEntry[] = [];
  let first = 0;
  let characters = 0;
  let droppedUpTo = dropped;

  function push(entries: readonly FeedEntry[]): void {
    for (const entry of entries) {
      kept.push(entry);
      characters += entry.data.length;
    }
    while (kept.length - first > maxEvents || (characters > MAX_CHARACTERS && kept.length - first > 1)) {
      const oldest = kept[first];
      first += 1;
      characters -= oldest?.data.length ?? 0;
      droppedUpTo = oldest?.cursor;
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

  return {
    push,
    read(after, limit) {
      const start = after === undefined ? first : indexAfter(after);
      const gap = droppedUpTo !== undefined && compareCursors(after ?? '0-0', droppedUpTo) < 0;
      return { entries: kept.slice(start, start + limit), gap };
    },
  };
}

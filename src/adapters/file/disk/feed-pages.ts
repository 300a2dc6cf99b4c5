// Pages of feed entries out of a file of lines: remembers every so often which cursor stands where, so that a
// reader who is nearly at the end is served without reading the file from its start.
import { compareCursors } from '../../../domain/cursor.js';
import type { FeedEntry } from '../../../ports/feed.js';
import { readLines } from './line-reader.js';

const MARK_EVERY_BYTES = 64 * 1024;

export interface FeedPages {
  /** Up to `limit` entries after the cursor, from the first `length` bytes of the file. */
  read(length: number, after: string | undefined, limit: number): Promise<FeedEntry[]>;
}

/** Pages of the file at `path`; `entriesOf` says what a line holds. */
export function createFeedPages(path: string, entriesOf: (line: string) => readonly FeedEntry[]): FeedPages {
  /** Everything before byte `end` is at or below `cursor`. Ascending. */
  const marks: { readonly end: number; readonly cursor: string }[] = [];

  function startFor(after: string): number {
    let low = 0;
    let high = marks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareCursors(marks[middle]?.cursor ?? '', after) <= 0) low = middle + 1;
      else high = middle;
    }
    return marks[low - 1]?.end ?? 0;
  }

  return {
    async read(length, after, limit) {
      const page: FeedEntry[] = [];
      const start = after === undefined ? 0 : startFor(after);
      for await (const { text, end } of readLines(path, start, length)) {
        const entries = entriesOf(text);
        for (const entry of entries) {
          if (after !== undefined && compareCursors(entry.cursor, after) <= 0) continue;
          page.push(entry);
          if (page.length === limit) return page;
        }
        const last = entries.at(-1);
        if (last && end >= (marks.at(-1)?.end ?? 0) + MARK_EVERY_BYTES)
          marks.push({ end, cursor: last.cursor });
      }
      return page;
    },
  };
}

/** Two ascending lists as one, of at most `limit` entries. */
export function mergeEntries(a: readonly FeedEntry[], b: readonly FeedEntry[], limit: number): FeedEntry[] {
  if (a.length === 0 || b.length === 0) return [...a, ...b].slice(0, limit);
  return [...a, ...b].sort((x, y) => compareCursors(x.cursor, y.cursor)).slice(0, limit);
}

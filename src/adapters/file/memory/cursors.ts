// The one source of cursors of a process: strictly increasing over all jobs, so that every feed is a merge by cursor.
import { compareCursors } from '../../../domain/cursor.js';

export interface CursorSource {
  /** A cursor above every one given or seen before. */
  next(): string;
  /** Tells of a cursor found on disk; later ones will be above it, even when the clock went back. */
  saw(cursor: string): void;
}

/** Cursors `<ms>-<n>` by the clock `now` (epoch milliseconds), never going back. */
export function createCursorSource(now: () => number): CursorSource {
  let ms = 0;
  let n = 0;
  return {
    next() {
      const time = Math.floor(now());
      if (time > ms) [ms, n] = [time, 0];
      else n += 1;
      return `${ms}-${n}`;
    },
    saw(cursor) {
      if (compareCursors(cursor, `${ms}-${n}`) <= 0) return;
      [ms = 0, n = 0] = cursor.split('-').map(Number);
    },
  };
}

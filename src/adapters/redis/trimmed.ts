// The mark of a trimmed feed in the view of its job: what was forgotten, and where the events stood that are kept.
// The cursors are packed as distances, for a finished job must cost little memory: one event in about five bytes.
import type { TrimMark } from '../../ports/custody.js';

/** `<cursor> <hash or -> <ms-n>,<ms later>-<n>,...` */
export function formatTrimmed({ cursor, hash }: TrimMark, cursors: readonly string[]): string {
  let before = 0;
  const packed = cursors.map((place) => {
    const [ms = 0, n = 0] = place.split('-').map(Number);
    const distance = `${ms - before}-${n}`;
    before = ms;
    return distance;
  });
  return `${cursor} ${hash ?? '-'} ${packed.join(',')}`;
}

export interface Trimmed {
  readonly mark: TrimMark;
  /** Of the job's first events, in order. */
  readonly cursors: readonly string[];
}

/** Reads what `formatTrimmed` wrote. */
export function parseTrimmed(text: string): Trimmed {
  const [cursor = '0-0', hash = '-', packed = ''] = text.split(' ');
  let ms = 0;
  const cursors =
    packed === ''
      ? []
      : packed.split(',').map((distance) => {
          const [later = 0, n = 0] = distance.split('-').map(Number);
          ms += later;
          return `${ms}-${n}`;
        });
  return { mark: { cursor, ...(hash === '-' ? {} : { hash }) }, cursors };
}

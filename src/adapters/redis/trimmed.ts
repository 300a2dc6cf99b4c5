// The mark of a trimmed feed in the view of its job: what was forgotten.
import type { TrimMark } from '../../ports/custody.js';

/** `<cursor>,<hash or ->` */
export const formatTrimmed = ({ cursor, hash = '-' }: TrimMark): string => `${cursor},${hash}`;

/** Reads what `formatTrimmed` wrote. */
export function parseTrimmed(text: string): TrimMark {
  const [cursor = '0-0', hash = '-'] = text.split(',');
  return hash === '-' ? { cursor } : { cursor, hash };
}

// A place in a feed, as readers send it back: `<ms>-<n>`, on every bus.

/** Compares two cursors as Array.sort expects. */
export function compareCursors(a: string, b: string): number {
  const cut = a.indexOf('-');
  // Numbers of one length stand in the order of their digits, and nearly all cursors are of one length.
  if (a.length === b.length && cut > 0 && b[cut] === '-') return a === b ? 0 : a < b ? -1 : 1;
  const [aMs = 0, aN = 0] = a.split('-').map(Number);
  const [bMs = 0, bN = 0] = b.split('-').map(Number);
  return aMs - bMs || aN - bN;
}

/** True when the text has the form of a cursor, with numbers that can still be counted on exactly. */
export const isCursor = (text: string): boolean => /^\d{1,15}-\d{1,15}$/.test(text);

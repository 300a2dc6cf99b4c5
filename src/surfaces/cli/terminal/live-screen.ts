// The lower edge of the screen: rows above it are final, the unfinished row and the status row are drawn anew.
import type { Sink } from './terminal.js';
import { displayWidth } from './width.js';

export interface LiveScreen {
  /** Writes a final line above the live rows. */
  print(line: string): void;
  /** Sets the row that is still growing; '' for none. One line, narrower than the screen. */
  setUnfinished(row: string): void;
  /** Sets the last row; '' for none. One line, narrower than the screen. */
  setStatus(row: string): void;
  /** Removes the live rows and leaves the cursor at the start of a fresh row. */
  close(): void;
}

const CLEAR_BELOW = '\u001b[J';

/** Draws on a screen that understands "cursor up" and "clear below"; `columns` is asked at every draw. */
export function createLiveScreen(out: Sink, columns: () => number): LiveScreen {
  let unfinished = '';
  let status = '';
  let drawn: readonly string[] = [];

  // A screen made narrower has wrapped what was drawn: count its rows by the width of now.
  const rowsOf = (row: string): number => Math.max(1, Math.ceil(displayWidth(row) / columns()));
  const erase = (): string => {
    if (drawn.length === 0) return '';
    const above = drawn.reduce((sum, row) => sum + rowsOf(row), 0) - 1;
    return `\r${above > 0 ? `\u001b[${above}A` : ''}${CLEAR_BELOW}`;
  };
  const draw = (finished: string): void => {
    const next = [unfinished, status].filter((row) => row !== '');
    out.write(erase() + finished + next.join('\n'));
    drawn = next;
  };
  const redraw = (): void => draw('');
  out.on?.('resize', redraw);

  return {
    print: (line) => draw(`${line}\n`),
    setUnfinished: (row) => {
      if (row === unfinished) return;
      unfinished = row;
      redraw();
    },
    setStatus: (row) => {
      if (row === status) return;
      status = row;
      redraw();
    },
    close: () => {
      const last = unfinished;
      unfinished = '';
      status = '';
      draw(last === '' ? '' : `${last}\n`);
      out.off?.('resize', redraw);
    },
  };
}

// Shows a followed job as lines for files, pipes and logs: nothing moves, text comes in whole blocks.
import { printable } from '../terminal/printable.js';
import type { Terminal } from '../terminal/terminal.js';
import type { Painter } from './painter.js';
import { entryRows, saidStyle, toneOf } from './rows.js';

export function createPlainPainter(terminal: Terminal): Painter {
  const { colours } = terminal;
  let isAway = false;
  return {
    frame: () => {},
    entry: (entry) => {
      if (entry.kind === 'growing') return;
      if (entry.kind !== 'said') {
        for (const row of entryRows(entry, colours, Number.POSITIVE_INFINITY)) terminal.print(row);
        return;
      }
      const text = printable(entry.text).trim();
      if (text === '') return;
      const style = saidStyle(entry, colours);
      for (const [index, line] of text.split('\n').entries()) {
        terminal.print(style.paint(`${index === 0 ? style.first : style.further}${line}`));
      }
    },
    standing: () => {},
    away: (reason) => {
      if ((reason !== undefined) === isAway) return;
      isAway = reason !== undefined;
      const paint = toneOf(colours, isAway ? 'warning' : 'quiet');
      terminal.print(
        paint(reason === undefined ? '● The server is back.' : `● ${printable(reason)} Trying again …`),
      );
    },
    close: () => {},
  };
}

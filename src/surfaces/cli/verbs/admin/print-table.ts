// How the admin verbs print what they found: JSON for programs, tabs in a pipe, a table on a screen.
import { type Column, tableLines } from '../../terminal/table.js';
import type { Terminal } from '../../terminal/terminal.js';

/** Prints the rows; on a screen `none` is said instead of an empty table. */
export function printTable(terminal: Terminal, columns: readonly Column[], none: string): void {
  const rows = Math.max(0, ...columns.map(({ cells }) => cells.length));
  if (!terminal.live) {
    for (let row = 0; row < rows; row += 1)
      terminal.print(columns.map(({ cells }) => cells[row] ?? '').join('\t'));
  } else if (rows === 0) terminal.say(none);
  else for (const line of tableLines(columns, terminal.columns(), terminal.colours)) terminal.print(line);
}

/** Prints a value as indented JSON. */
export const printJson = (terminal: Terminal, value: unknown): void =>
  terminal.print(JSON.stringify(value, null, 2));

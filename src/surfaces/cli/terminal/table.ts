// A table no wider than the screen: columns give way in a stated order, the last one is cut.
import type { Colours } from './terminal.js';
import { cutToWidth, displayWidth, padToWidth } from './width.js';

export interface Column {
  readonly title: string;
  /** Printable text without line ends. */
  readonly cells: readonly string[];
  /** Narrower than this it is of no use. */
  readonly atLeast: number;
  readonly atMost?: number;
  /** Columns with a number are left out, lowest first, when there is no room. */
  readonly mayGo?: number;
  readonly paint?: (text: string, colours: Colours) => string;
}

const GAP = '  ';

/** Title line and one line per row; `columns` may be Infinity. */
export function tableLines(table: readonly Column[], columns: number, colours: Colours): readonly string[] {
  const kept = fit(table, columns);
  const widths = widthsOf(kept, columns);
  const rows = Math.max(0, ...kept.map((column) => column.cells.length));
  const line = (cellOf: (column: Column, width: number) => string): string =>
    kept
      .map((column, index) => cellOf(column, widths[index] ?? 0))
      .join(GAP)
      .trimEnd();
  const title = line((column, width) => padToWidth(cutToWidth(column.title, width), width));
  return [
    colours.dim(title),
    ...Array.from({ length: rows }, (_, row) =>
      line((column, width) => {
        const cell = cutToWidth(column.cells[row] ?? '', width);
        const isLast = column === kept.at(-1);
        return (
          (column.paint?.(cell, colours) ?? cell) + (isLast ? '' : padToWidth(cell, width).slice(cell.length))
        );
      }),
    ),
  ];
}

const wanted = (column: Column): number =>
  Math.min(
    column.atMost ?? Number.POSITIVE_INFINITY,
    Math.max(displayWidth(column.title), ...column.cells.map(displayWidth)),
  );

const least = (column: Column): number => Math.min(column.atLeast, wanted(column));

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** The columns that have room at their narrowest. */
function fit(table: readonly Column[], columns: number): readonly Column[] {
  const needed = sum(table.map(least)) + GAP.length * (table.length - 1);
  const order = table.flatMap(({ mayGo }) => (mayGo === undefined ? [] : [mayGo]));
  if (needed <= columns || order.length === 0) return table;
  return fit(
    table.filter(({ mayGo }) => mayGo !== Math.min(...order)),
    columns,
  );
}

/** From left to right each column takes what it wants, as long as the others keep their least. */
function widthsOf(table: readonly Column[], columns: number): readonly number[] {
  let spare = columns - sum(table.map(least)) - GAP.length * (table.length - 1);
  return table.map((column) => {
    const extra = Math.max(0, Math.min(spare, wanted(column) - least(column)));
    spare -= extra;
    return least(column) + extra;
  });
}

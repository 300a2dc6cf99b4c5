// Text that arrives in pieces, broken into rows at word boundaries: full rows are final, the last one still grows.
import { splitAtWidth } from './width.js';

export interface TextFlow {
  add(text: string): void;
  /** Ends the text; what was unfinished becomes a final row. */
  end(): void;
}

/**
 * `columns` says how wide a row may be now; `row` gets each finished row, `unfinished` the growing one ('' = none).
 * The text has no control characters but \n.
 */
export function createTextFlow(
  columns: () => number,
  row: (text: string) => void,
  unfinished: (text: string) => void,
): TextFlow {
  let rest = '';
  const breakLong = (line: string): string => {
    let left = line;
    for (;;) {
      const [head, tail] = splitAtWidth(left, columns());
      if (tail === '') return left;
      const space = tail.startsWith(' ') ? head.length : head.lastIndexOf(' ');
      const at = space > 0 && head.trim() !== '' ? space : head.length;
      row(left.slice(0, at).trimEnd());
      left = left.slice(at).replace(/^ /, '');
    }
  };
  return {
    add: (text) => {
      const lines = (rest + text).split('\n');
      rest = '';
      for (const line of lines.slice(0, -1)) row(breakLong(line));
      rest = breakLong(lines.at(-1) ?? '');
      unfinished(rest);
    },
    end: () => {
      const last = rest;
      rest = '';
      unfinished('');
      if (last !== '') row(last);
    },
  };
}

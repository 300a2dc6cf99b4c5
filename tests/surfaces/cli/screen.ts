// A small terminal: understands exactly the control sequences that the command line may use, and refuses all others.
import type { Sink } from '../../../src/surfaces/cli/terminal/terminal.js';
import { displayWidth } from '../../../src/surfaces/cli/terminal/width.js';

const ESC = '\u001b';
/** What a terminal takes for a control sequence. */
const SEQUENCE = new RegExp(`${ESC}\\[[0-9;]*[A-Za-z]`, 'g');

export interface Screen extends Sink {
  readonly isTTY: true;
  readonly columns: number;
  /** All rows ever shown, as they stand now; trailing empty ones left out. */
  rows(): readonly string[];
  /** Everything that was written, raw. */
  raw(): string;
  /** Changes the width; rows wider than it are wrapped, as most terminals do. */
  resize(columns: number): void;
}

export function createScreen(width: number): Screen {
  let columns = width;
  // Each row knows whether the terminal itself broke it off from the one before.
  let rows: { text: string; wrapped: boolean }[] = [{ text: '', wrapped: false }];
  let row = 0;
  let raw = '';
  let cleared = true;
  const listeners = new Set<() => void>();

  const current = (): { text: string; wrapped: boolean } => {
    rows[row] ??= { text: '', wrapped: false };
    return rows[row] as { text: string; wrapped: boolean };
  };
  const put = (character: string): void => {
    if (displayWidth(current().text + character) > columns) {
      row += 1;
      rows[row] = { text: '', wrapped: true };
    }
    current().text += character;
  };
  const control = (sequence: string): void => {
    const up = /^\[(\d+)A$/.exec(sequence)?.[1];
    if (up !== undefined) {
      row -= Number(up);
      if (row < 0) throw new Error('the cursor left the screen');
      cleared = false;
    } else if (sequence === '[J') {
      rows = rows.slice(0, row + 1);
      current().text = '';
      cleared = true;
    } else if (!/^\[\d+(;\d+)*m$/.test(sequence))
      throw new Error(`a sequence that must not occur: ${JSON.stringify(sequence)}`);
  };
  const write = (text: string): void => {
    raw += text;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal lives on them
    for (const [piece, sequence] of text.matchAll(/\u001b(\[[0-9;]*[A-Za-z])|\r|\n|[^\u001b\r\n]/gu)) {
      if (sequence !== undefined) control(sequence);
      else if (piece === '\r') cleared = false;
      else if (piece === '\n') {
        row += 1;
        rows[row] = { text: '', wrapped: false };
        cleared = true;
      } else {
        if (!cleared && current().text !== '') throw new Error('wrote over what was not cleared');
        cleared = true;
        if (/\p{Cc}/u.test(piece))
          throw new Error(`a control character reached the screen: ${JSON.stringify(piece)}`);
        put(piece);
      }
    }
    const known = [...text.matchAll(SEQUENCE)].length;
    if (text.split(ESC).length - 1 !== known)
      throw new Error(`an escape reached the screen: ${JSON.stringify(text)}`);
  };
  const resize = (next: number): void => {
    const lines: string[] = [];
    for (const { text, wrapped } of rows) {
      if (wrapped) lines[lines.length - 1] += text;
      else lines.push(text);
    }
    columns = next;
    rows = [];
    row = -1;
    for (const line of lines) {
      row += 1;
      rows[row] = { text: '', wrapped: false };
      for (const character of line) put(character);
    }
    for (const listener of listeners) listener();
  };
  return {
    isTTY: true,
    get columns() {
      return columns;
    },
    write,
    on: (_event, listener) => listeners.add(listener),
    off: (_event, listener) => listeners.delete(listener),
    rows: () => {
      const texts = rows.map(({ text }) => text.trimEnd());
      while (texts.at(-1) === '') texts.pop();
      return texts;
    },
    raw: () => raw,
    resize,
  };
}

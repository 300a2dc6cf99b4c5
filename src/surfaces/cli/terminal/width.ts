// How many columns a text takes on a terminal, so that nothing we draw wraps where we did not mean it to.
import { stripVTControlCharacters } from 'node:util';

const NO_WIDTH = /[\p{Mark}\p{Cf}\u1160-\u11ff]/u;
const EMOJI = /\p{Emoji_Presentation}/u;
/** East Asian wide and fullwidth characters, first and last of each range. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x1b2ff],
  [0x1f200, 0x1f2ff],
  [0x20000, 0x3fffd],
];

function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x7f) return code < 0x20 ? 0 : 1;
  if (code < 0xa0 || NO_WIDTH.test(character)) return 0;
  if (EMOJI.test(character)) return 2;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** Columns of a text without line ends; colour codes count nothing. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += characterWidth(character);
  return width;
}

/** Splits before the character that would pass `columns`. At least one character goes to the head. No colour codes. */
export function splitAtWidth(text: string, columns: number): readonly [head: string, tail: string] {
  let width = 0;
  let end = 0;
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns && end > 0) return [text.slice(0, end), text.slice(end)];
    end += character.length;
  }
  return [text, ''];
}

/** The text cut to `columns`, with an ellipsis in place of what is missing. No colour codes. */
export function cutToWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  return columns < 2 ? '…'.slice(0, Math.max(0, columns)) : `${splitAtWidth(text, columns - 1)[0]}…`;
}

/** The text followed by spaces up to `columns`. */
export const padToWidth = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - displayWidth(text)));

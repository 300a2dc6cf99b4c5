// What claude, its tools and a repository say is foreign text: on the way to a terminal it may not move the cursor,
// set a title, write to the clipboard or turn the reading direction.
import { stripVTControlCharacters } from 'node:util';

// Line feed and tab stay. Bidirectional overrides and isolates can make code read otherwise than it runs.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g;

/** The text without control characters and escape sequences; line ends become \n, tabs four spaces. */
export function printable(text: string): string {
  const lines = stripVTControlCharacters(text.replaceAll('\r\n', '\n')).replaceAll('\r', '\n');
  return lines.replaceAll(UNSAFE, '').replaceAll('\t', '    ');
}

/** The printable text on one line, white space folded. */
export const oneLine = (text: string): string => printable(text).replaceAll(/\s+/g, ' ').trim();

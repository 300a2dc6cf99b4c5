// How an entry of the story looks: the marks, indents and colours that the live and the plain view share.
import { printable } from '../terminal/printable.js';
import type { Colours } from '../terminal/terminal.js';
import { cutToWidth, displayWidth } from '../terminal/width.js';
import type { StoryEntry, Tone } from './story.js';

export type Said = Extract<StoryEntry, { kind: 'said' | 'growing' }>;
type Whole = Exclude<StoryEntry, Said>;

/** Lines of a tool's answer that are shown. */
const RESULT_LINES = 5;

/** Rows of an entry that is no text of Claude's, cut to `columns`. */
export function entryRows(entry: Whole, colours: Colours, columns: number): readonly string[] {
  switch (entry.kind) {
    case 'fact':
      return [toneOf(colours, entry.tone)(cutToWidth(`● ${entry.text}`, columns))];
    case 'tool': {
      const lead = `${speakerMark(entry)}▶ `;
      const room = columns - displayWidth(`${lead}${entry.name}  `);
      return [
        `${colours.cyan(lead)}${colours.bold(entry.name)}  ${cutToWidth(entry.summary, Math.max(0, room))}`,
      ];
    }
    case 'result':
      return resultRows(entry, colours, columns);
    default:
      return entry satisfies never;
  }
}

/** What stands before the first and before each further row of a text; the style of the row. */
export function saidStyle(
  entry: Said,
  colours: Colours,
): { first: string; further: string; paint: (row: string) => string } {
  const speaker = speakerMark(entry);
  if (entry.block === 'text') return { first: speaker, further: speaker, paint: (row) => row };
  return { first: `${speaker}✻ `, further: `${speaker}  `, paint: colours.dim };
}

function resultRows(
  entry: Extract<StoryEntry, { kind: 'result' }>,
  colours: Colours,
  columns: number,
): readonly string[] {
  const lines = printable(entry.text)
    .split('\n')
    .map((line) => line.trimEnd());
  while (lines.length > 0 && lines.at(-1) === '') lines.pop();
  const indent = `${speakerMark(entry)}    `;
  const paint = entry.failed ? colours.red : colours.dim;
  const shown = lines
    .slice(0, RESULT_LINES)
    .map((line, index) => `${indent}${entry.failed && index === 0 ? '✗ ' : ''}${line}`);
  const hidden = lines.length - RESULT_LINES;
  const counted = hidden > 0 ? [`${indent}… +${hidden} ${hidden === 1 ? 'line' : 'lines'}`] : [];
  return [...shown, ...counted].map((row) => paint(cutToWidth(row, columns)));
}

const speakerMark = (entry: { readonly by: string | undefined }): string =>
  entry.by === undefined ? '' : `┆ ${entry.by} `;

export function toneOf(colours: Colours, tone: Tone): (text: string) => string {
  const styles = {
    quiet: colours.dim,
    plain: (text: string): string => text,
    good: colours.green,
    warning: colours.yellow,
    bad: colours.red,
  };
  return styles[tone];
}

// How an entry of the story looks: the marks, indents and colours that the live and the plain view share.
import { countOf } from '../terminal/amounts.js';
import { printable } from '../terminal/printable.js';
import type { Colours } from '../terminal/terminal.js';
import { cutToWidth, displayWidth } from '../terminal/width.js';
import type { StoryEntry, Tone } from './story-entry.js';

export type Said = Extract<StoryEntry, { kind: 'said' | 'growing' }>;
type Tool = Extract<StoryEntry, { kind: 'tool' }>;
type Whole = Exclude<StoryEntry, Said>;

/** Lines of a tool's answer that are shown. */
const RESULT_LINES = 5;
/** Lines of each side of an edit that are shown. */
const EDIT_LINES = 6;

/** Rows of an entry that is no text of Claude's, cut to `columns`. */
export function entryRows(entry: Whole, colours: Colours, columns: number): readonly string[] {
  switch (entry.kind) {
    case 'fact':
      return [toneOf(colours, entry.tone)(cutToWidth(`● ${entry.text}`, columns))];
    case 'tool':
      return [toolRow(entry, colours, columns), ...editRows(entry, colours, columns)];
    case 'result':
      return resultRows(entry, colours, columns);
    default:
      return entry satisfies never;
  }
}

function toolRow(entry: Tool, colours: Colours, columns: number): string {
  const lead = `${speakerMark(entry)}▶ `;
  const room = columns - displayWidth(`${lead}${entry.name}  `);
  return `${colours.cyan(lead)}${colours.bold(entry.name)}  ${cutToWidth(entry.summary, Math.max(0, room))}`;
}

function editRows(entry: Tool, colours: Colours, columns: number): readonly string[] {
  if (entry.edit === undefined) return [];
  const { removed, added } = entry.edit;
  const marked = (
    mark: string,
    lines: readonly string[],
    paint: (row: string) => string,
  ): readonly string[] => {
    const indent = `${speakerMark(entry)}    ${mark} `;
    const shown = lines.slice(0, EDIT_LINES).map((line) => `${indent}${oneRow(line)}`);
    return [...shown, ...moreLines(indent, lines.length - EDIT_LINES)].map((row) =>
      paint(cutToWidth(row, columns)),
    );
  };
  return [...marked('-', removed, colours.red), ...marked('+', added, colours.green)];
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
  return [...shown, ...moreLines(indent, lines.length - RESULT_LINES)].map((row) =>
    paint(cutToWidth(row, columns)),
  );
}

const moreLines = (indent: string, hidden: number): readonly string[] =>
  hidden > 0 ? [`${indent}… +${countOf(hidden, 'line')}`] : [];

/** Keeps the indent of code, which oneLine would fold. */
const oneRow = (line: string): string => printable(line).replaceAll('\n', ' ').trimEnd();

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

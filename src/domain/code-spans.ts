// Where Markdown's code lies in a text: what stands in a fence or between backticks is quoted, not meant.

/** From the first character to the one after the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

interface Line extends Span {
  readonly text: string;
}

/** A fence may stand in a quotation or a list. A backtick after an opening of backticks makes it inline code. */
const FENCE = /^(?:[ \t>]|[-*+][ \t]|\d{1,9}[.)][ \t])*(`{3,}(?=[^`]*$)|~{3,})(.*)$/s;

/** Fenced blocks (one that is never closed reaches to the end) and inline code, in order. */
export function findCode(text: string): readonly Span[] {
  const spans: Span[] = [];
  let fence: { readonly mark: string; readonly start: number } | undefined;
  let proseFrom = 0;
  const endProse = (at: number): void => {
    if (fence !== undefined) return;
    for (const span of findInlineCode(text.slice(proseFrom, at), proseFrom)) spans.push(span);
    proseFrom = at;
  };
  for (const line of linesOf(text)) {
    const [, mark, rest] = FENCE.exec(line.text) ?? [];
    if (fence !== undefined) {
      if (mark === undefined || !closes(mark, rest ?? '', fence.mark)) continue;
      spans.push({ start: fence.start, end: line.end });
      fence = undefined;
      proseFrom = line.end;
    } else if (mark !== undefined) {
      endProse(line.start);
      fence = { mark, start: line.start };
    } else if (line.text.trim() === '') endProse(line.end); // inline code never spans paragraphs
  }
  endProse(text.length);
  if (fence !== undefined) spans.push({ start: fence.start, end: text.length });
  return spans;
}

const closes = (mark: string, rest: string, opening: string): boolean =>
  mark[0] === opening[0] && mark.length >= opening.length && rest.trim() === '';

function linesOf(text: string): readonly Line[] {
  return [...text.matchAll(/[^\r\n]*(?:\r\n|\r|\n|$)/g)].map(({ 0: line, index }) => ({
    start: index,
    end: index + line.length,
    text: line.replace(/[\r\n]+$/, ''),
  }));
}

/** A run of backticks opens code when a run of the same length follows, and that one closes it. */
function findInlineCode(paragraph: string, offset: number): readonly Span[] {
  const runs = [...paragraph.matchAll(/`+/g)].map(({ 0: run, index }) => ({ at: index, length: run.length }));
  const closers = new Map<number, number>();
  const closerOf = runs.map(() => -1);
  for (let i = runs.length - 1; i >= 0; i -= 1) {
    const length = runs[i]?.length ?? 0;
    closerOf[i] = closers.get(length) ?? -1;
    closers.set(length, i);
  }
  const spans: Span[] = [];
  for (let i = 0; i < runs.length; i += 1) {
    const open = runs[i];
    const close = runs[closerOf[i] ?? -1];
    if (open === undefined || close === undefined) continue;
    spans.push({ start: offset + open.at, end: offset + close.at + close.length });
    i = closerOf[i] ?? i;
  }
  return spans;
}

// Words of others (a task, what Claude says) inside of Markdown that we write on a code host: they ping nobody, hide
// nothing and swallow nothing that comes after them.

/** An at sign that would make a mention, also where it is written as an entity. */
const MENTION = /(?<![a-z0-9])(@|&#64;|&#x40;|&commat;)(?=[a-z0-9])/gi;
const ZERO_WIDTH_SPACE = '\u200b';
/** What begins an HTML comment, a declaration or a processing instruction: all of them hide what follows. */
const HIDING = /<(?=[!?])/g;
const CONTROL = /[^\P{Cc}\n\t]/gu;
const FENCE = /^[ \t>]*(`{3,}(?=[^`]*$)|~{3,})/;

/** The text, not longer than `limit`, so that what is written after it stands for itself. */
export const contained = (text: string, limit: number): string => closed(cut(harmless(text), limit));

/** The text as a quotation, not longer than `limit`. */
export const quoted = (text: string, limit: number): string =>
  cut(
    harmless(text)
      .split('\n')
      .map((line) => `> ${line}`.trimEnd())
      .join('\n'),
    limit,
  );

/** The text as inline code, in one line. */
export function inlineCode(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const mark = '`'.repeat(longest + 1);
  return longest === 0 ? `${mark}${line}${mark}` : `${mark} ${line} ${mark}`;
}

/** The beginning of a text that is longer than `limit`, with a word that it goes on. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const note = '\n\n[... shortened]';
  return text.slice(0, limit - note.length).replace(/\p{Surrogate}$/u, '') + note;
}

const harmless = (text: string): string =>
  text
    .trim()
    .replace(/\r\n?/g, '\n')
    .replace(CONTROL, '')
    .replace(HIDING, '&lt;')
    .replace(MENTION, `$1${ZERO_WIDTH_SPACE}`);

/** With an end to the code block and the folded sections that it leaves open. */
function closed(text: string): string {
  let open: string | undefined;
  for (const line of text.split('\n')) {
    const mark = FENCE.exec(line)?.[1];
    if (mark === undefined) continue;
    if (open === undefined) open = mark;
    else if (mark[0] === open[0] && mark.length >= open.length && /^[ \t>]*[`~]+\s*$/.test(line))
      open = undefined;
  }
  const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0;
  const folded = Math.max(0, count(/<details\b/gi) - count(/<\/details>/gi));
  return [text, ...(open === undefined ? [] : [open]), ...Array(folded).fill('\n</details>')].join('\n');
}

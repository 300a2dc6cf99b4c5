// How Claude is to run, in the words of callers.

/** As OpenAI's clients name it -> as Claude does; what is not here means no choice. */
const EFFORTS: Readonly<Record<string, string>> = {
  none: 'low',
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'xhigh',
  max: 'max',
};

/** Claude's effort; undefined when the caller has no wish. */
export const effortOf = (word: string | null | undefined): string | undefined => EFFORTS[word ?? ''];

/** A list, or texts separated by commas; undefined when nothing is in it. */
export function listOf(given: readonly string[] | string | null | undefined): readonly string[] | undefined {
  const names = (typeof given === 'string' ? given.split(',') : (given ?? []))
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names.length === 0 ? undefined : names;
}

// Ways to touch what an audit gathered: its frames or lines, one of which is named by a part of it.

export type Change = (entries: readonly string[]) => readonly string[];

export const frames =
  (change: Change) =>
  (text: string): string =>
    `${change(text.trimEnd().split('\n\n')).join('\n\n')}\n\n`;
export const lines =
  (change: Change) =>
  (text: string): string =>
    `${change(text.trimEnd().split('\n')).join('\n')}\n`;

const place = (entries: readonly string[], part: string): number => {
  const at = entries.findIndex((entry) => entry.includes(part));
  if (at === -1) throw new Error(`no entry has ${part}`);
  return at;
};
export const without =
  (part: string): Change =>
  (entries) =>
    entries.toSpliced(place(entries, part), 1);
export const twice =
  (part: string): Change =>
  (entries) =>
    entries.toSpliced(place(entries, part), 0, entries[place(entries, part)] ?? '');
export const swapped =
  (part: string): Change =>
  (entries) => {
    const at = place(entries, part);
    return entries.toSpliced(at, 2, entries[at + 1] ?? '', entries[at] ?? '');
  };
export const cut =
  (count: number): Change =>
  (entries) =>
    entries.slice(0, -count);
export const edited =
  (from: string, to: string) =>
  (text: string): string =>
    text.replace(from, to);
export const added =
  (entry: string): Change =>
  (entries) => [...entries, entry];

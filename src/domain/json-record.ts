// What JSON calls an object, before anybody knows what is in it, and objects that leave out what is not known.

export type JsonRecord = Readonly<Record<string, unknown>>;

/** True for a map of names to values: neither null nor a list. */
export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** The members that are not undefined. */
export function present<T extends object>(members: T): Present<T> {
  return Object.fromEntries(
    Object.entries(members).filter(([, member]) => member !== undefined),
  ) as Present<T>;
}

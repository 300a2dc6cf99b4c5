// What JSON calls an object, before anybody knows what is in it.

export type JsonRecord = Readonly<Record<string, unknown>>;

/** True for a map of names to values: neither null nor a list. */
export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

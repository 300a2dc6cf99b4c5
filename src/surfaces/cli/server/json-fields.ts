// Reads fields out of JSON that somebody else wrote: what has not the expected type is as if it were absent.

export type JsonObject = Readonly<Record<string, unknown>>;

/** The value when it is an object and no array. */
export const asObject = (value: unknown): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;

/** The object that a text holds as JSON; undefined when it is none. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export const textAt = (object: JsonObject | undefined, key: string): string | undefined => {
  const value = object?.[key];
  return typeof value === 'string' ? value : undefined;
};

export const numberAt = (object: JsonObject | undefined, key: string): number | undefined => {
  const value = object?.[key];
  return typeof value === 'number' ? value : undefined;
};

export const objectAt = (object: JsonObject | undefined, key: string): JsonObject | undefined =>
  asObject(object?.[key]);

/** The elements of an array that are texts. */
export const textsAt = (object: JsonObject | undefined, key: string): readonly string[] => {
  const value = object?.[key];
  return Array.isArray(value) ? value.filter((element) => typeof element === 'string') : [];
};

/** The elements of an array that are objects. */
export const objectsAt = (object: JsonObject | undefined, key: string): readonly JsonObject[] => {
  const value = object?.[key];
  return Array.isArray(value) ? value.map(asObject).filter((element) => element !== undefined) : [];
};

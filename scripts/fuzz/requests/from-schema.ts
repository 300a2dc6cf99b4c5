// Values that fit a schema of the description, so that what is asked gets past the first check.
import fc from 'fast-check';
import { isRecord, type JsonRecord } from '../../../src/domain/json-record.js';

/** Gives the schema that a reference leads to. */
export type Resolve = (pointer: string) => JsonRecord;

const MOST_ITEMS = 3;
const MOST_CHARS = 40;

/** Values of the schema; those of a pattern that cannot be read backwards may miss it. */
export function fromSchema(schema: JsonRecord, resolve: Resolve): fc.Arbitrary<unknown> {
  const of = (part: unknown): fc.Arbitrary<unknown> =>
    isRecord(part) ? fromSchema(part, resolve) : fc.jsonValue();
  if (typeof schema.$ref === 'string') return of(resolve(schema.$ref));
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum);
  if ('const' in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.anyOf)) return fc.oneof(...schema.anyOf.map(of));
  const types = [schema.type ?? 'object'].flat();
  return fc.oneof(...types.map((type) => ofType(String(type), schema, of)));
}

function ofType(
  type: string,
  schema: JsonRecord,
  of: (part: unknown) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return text(schema);
    case 'integer':
      return fc.integer({ min: Math.ceil(least(schema)), max: Math.min(2 ** 31 - 1, most(schema)) });
    case 'number':
      return fc.double({ min: least(schema), max: most(schema), noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(of(schema.items), { minLength: Number(schema.minItems ?? 0), maxLength: MOST_ITEMS });
    case 'object':
      return members(schema, of);
    default:
      return fc.constant(null);
  }
}

const least = ({ minimum, exclusiveMinimum }: JsonRecord): number =>
  Number(minimum ?? exclusiveMinimum ?? -1000);
const most = ({ maximum }: JsonRecord): number => Number(maximum ?? 1000);

function text({ pattern, minLength, maxLength }: JsonRecord): fc.Arbitrary<string> {
  const length = {
    minLength: Number(minLength ?? 0),
    maxLength: Math.min(MOST_CHARS, Number(maxLength ?? MOST_CHARS)),
  };
  const plain = fc.string(length);
  if (typeof pattern !== 'string') return plain;
  try {
    return fc.stringMatching(new RegExp(pattern), { maxLength: length.maxLength });
  } catch {
    return plain;
  }
}

function members(schema: JsonRecord, of: (part: unknown) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const properties = isRecord(schema.properties) ? schema.properties : {};
  const arbitraries = Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, of(part)]));
  const required = Array.isArray(schema.required)
    ? schema.required.filter((name) => name in arbitraries)
    : [];
  return fc.record(arbitraries, { requiredKeys: required });
}

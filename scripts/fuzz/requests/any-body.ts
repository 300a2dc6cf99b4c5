// Bodies: those that fit, those that nearly do, and bytes that are none.
import fc from 'fast-check';
import { isRecord, type JsonRecord } from '../../../src/domain/json-record.js';
import { asBytes } from '../fuzz-request.js';
import { fromSchema, type Resolve } from './from-schema.js';
import { hostileText, hostileValue } from './hostile.js';

/** Bodies of JSON for the schema. */
export function anyJson(schema: JsonRecord, resolve: Resolve): fc.Arbitrary<string> {
  const fits = fromSchema(schema, resolve);
  const names = isRecord(schema.properties) ? Object.keys(schema.properties) : ['x'];
  const name = fc.oneof(fc.constantFrom(...names, '__proto__', 'constructor'), hostileText);
  return fc.oneof(
    { weight: 5, arbitrary: fits.map(write) },
    // Nearly: one member is another, is missing, is there twice, or comes besides.
    {
      weight: 5,
      arbitrary: fc
        .tuple(fits, name, hostileValue)
        .map(([value, key, member]) => withMember(value, key, member)),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fits, name).map(([value, key]) => write({ ...Object(value), [key]: undefined })),
    },
    { weight: 1, arbitrary: hostileValue.map(write) },
    {
      weight: 1,
      arbitrary: fc.tuple(fits, fc.nat(200)).map(([value, length]) => write(value).slice(0, length)),
    },
    { weight: 1, arbitrary: anyBytes },
  );
}

/** A member put in by hand: JSON text may say what no object can, such as a name twice. */
function withMember(value: unknown, key: string, member: unknown): string {
  const text = JSON.stringify(value);
  if (!text?.startsWith('{')) return write(member);
  const rest = text.slice(1);
  return asBytes(`{${JSON.stringify(key)}:${JSON.stringify(member)}${rest === '}' ? '' : ','}${rest}`);
}

const write = (value: unknown): string => asBytes(JSON.stringify(value) ?? '');

/** A form as browsers send it. */
export const anyForm = (schema: JsonRecord, resolve: Resolve): fc.Arbitrary<string> =>
  fc.oneof(
    fc.tuple(fromSchema(schema, resolve), hostileText).map(([value, odd]) => {
      const form = new URLSearchParams();
      for (const [name, member] of Object.entries(Object(value))) form.append(name, String(member));
      if (odd !== '') form.append('resource', odd);
      return form.toString();
    }),
    anyBytes,
  );

/** What may come where nobody expects it. */
export const anyBytes: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    '{',
    '[]',
    'null',
    '"text"',
    '1e999',
    '{"a":1}}',
    '\u00ef\u00bb\u00bf{}',
    '\u00ff\u00fe{\u0000}\u0000',
    '{"task":"\u00c3\u0028"}',
    '{"task":"a","task":"b"}',
    '{"__proto__":{"admin":true},"task":"a"}',
    `${'['.repeat(5000)}`,
    '0\r\n\r\n',
  ),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  // Larger than what is taken.
  fc.integer({ min: 900_000, max: 1_300_000 }).map((length) => `{"task":"${'x'.repeat(length)}"}`),
);

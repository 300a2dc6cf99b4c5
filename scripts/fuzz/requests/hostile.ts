// Values that hurt careless programs, wherever a value may stand.
import fc from 'fast-check';

const LONG = 100_001;

/** Texts as JSON may hold them. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    'a\u0000b',
    '\ud800',
    '\udfffx',
    '\u202e\u2066',
    '\r\nX-Injected: 1',
    '__proto__',
    'constructor',
    'toString',
    '../../../../etc/passwd',
    '..%2f..%2fetc',
    '/show-all /stream-status',
    '{{TASK}} $HOME $(id) `id`',
    '--dangerously-skip-permissions',
    'ext::sh -c id',
    'https://x.invalid/a.git',
    'ssh://-oProxyCommand=id/a',
    'data:image/png;base64,AAAA',
    'then leave',
    '💥'.repeat(500),
  ),
  fc.integer({ min: 1, max: LONG }).map((length) => 'x'.repeat(length)),
);

/** Values of JSON; `nested` goes deeper than anybody means. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom(null, true, false, 0, -0, -1, 0.5, 1e300, 5e-324, 2 ** 53, -(2 ** 63), [], {}, [[]]),
  fc.double(),
  fc.jsonValue(),
  fc.integer({ min: 1, max: 3000 }).map(nested),
  fc.integer({ min: 1, max: 20_000 }).map((length) => new Array(length).fill(0)),
  fc
    .integer({ min: 1, max: 5000 })
    .map((length) => Object.fromEntries(Array.from({ length }, (_, n) => [`k${n}`, n]))),
);

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** What may follow in a header line without ending it; bytes above 127 are sent as they are. */
export const hostileHeaderValue: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) }),
  fc.constantFrom(
    '',
    ' ',
    '*',
    'null',
    '"',
    'a,b;c=d',
    '\t',
    '\u0000',
    '\u007f',
    '../..',
    '0-0',
    '9'.repeat(400),
  ),
  fc.integer({ min: 1, max: 20_000 }).map((length) => 'h'.repeat(length)),
);

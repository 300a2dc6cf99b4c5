// Addresses: those that are described, filled in well or badly, and what is no address at all.
import fc from 'fast-check';
import { hostileText } from './hostile.js';

const UNKNOWN_ID = '7f3e1a52-0000-4000-8000-000000000001';

/** A name of a path, as it may be given. */
const segment: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 4 }).map((n) => `KNOWN${n}`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      UNKNOWN_ID,
      UNKNOWN_ID.toUpperCase(),
      `chatcmpl-${UNKNOWN_ID}`,
      '1',
      '0',
      'sonnet',
      'fuzz',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '.',
      '..',
      '%2e%2e',
      '%00',
      '%',
      '%zz',
      '%ff%fe',
      '%2f',
      'a%2Fb',
      ';',
      '~',
      '*',
      '__proto__',
    ),
  },
  {
    weight: 1,
    arbitrary: hostileText.map((text) => encodeURIComponent(Buffer.from(text).toString()).slice(0, 9000)),
  },
);

/** An address as the description has it, its names filled in. */
export const filledPath = (path: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(segment, { minLength: 3, maxLength: 3 }),
      fc.constantFrom('', '', '', '/', '//', '/..', '%00', '/x'),
    )
    .map(([segments, tail]) => {
      const left = [...segments];
      return path.replace(/\{\w+\}/g, () => left.pop() ?? '') + tail;
    });

/** What is no address here, and what is none anywhere. */
export const anyPath: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '/',
    '//',
    '/v1',
    '/v1/',
    '/V1/Models',
    '/jobs/..',
    '/../jobs',
    '/jobs/%',
    '*',
    'http://localhost/health',
    'jobs',
    '/admin',
    '/.env',
    '/\u00e9',
  ),
  fc.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join('/')}`),
  fc.integer({ min: 1, max: 20_000 }).map((length) => `/${'p'.repeat(length)}`),
);

const QUERY = [
  'limit',
  'status',
  'cursor',
  'events',
  'format',
  'last_event_id',
  'open',
  'min_idle_ms',
  'job',
  'ended_before_ms',
  'include_usage',
  'api_key',
  'sessionId',
  '__proto__',
  'a[b]',
];
const VALUES = [
  '1',
  '0',
  '200',
  '201',
  '-1',
  '1e9',
  'queued',
  'domain',
  'jsonl',
  'true',
  '0-0',
  '1-1.end',
  '0',
  '9'.repeat(15),
  '%',
  '%00',
  '%ff',
  '',
  'KNOWN1',
];

/** With its question mark; '' for none. */
export const anyQuery: fc.Arbitrary<string> = fc
  .array(
    fc.tuple(
      fc.constantFrom(...QUERY),
      fc.oneof(
        fc.constantFrom(...VALUES),
        hostileText.map((text) => encodeURIComponent(Buffer.from(text).toString()).slice(0, 5000)),
      ),
    ),
    { maxLength: 4 },
  )
  .map((pairs) =>
    pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`,
  );

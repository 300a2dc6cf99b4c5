// Headers: those that this surface reads, with values that it takes and values that it does not.
import fc from 'fast-check';
import { hostileHeaderValue } from './hostile.js';

type Header = readonly [name: string, value: string];

const READ: Readonly<Record<string, readonly string[]>> = {
  'Content-Type': [
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=utf-16',
    'text/plain',
    'application/x-ndjson',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
  ],
  'Content-Length': ['0', '1', '-1', '99999999999999', '0x10', '5, 5'],
  'Transfer-Encoding': ['chunked', 'gzip, chunked', 'identity', 'chunked, chunked'],
  'Content-Encoding': ['gzip', 'br', 'identity'],
  Expect: ['100-continue', '200-ok'],
  Host: ['localhost', '127.0.0.1', 'evil.example', '[::1]', 'localhost:99999', ''],
  Origin: ['null', 'http://localhost', 'https://evil.example', 'file://'],
  'Access-Control-Request-Method': ['POST', 'FOO'],
  'Access-Control-Request-Headers': ['authorization', 'x'.repeat(1000)],
  Accept: ['application/json', 'text/event-stream', '*/*', 'application/json, text/event-stream'],
  'Accept-Encoding': ['gzip, br'],
  Authorization: ['Basic Zm9vOmJhcg==', 'Bearer', 'Bearer  x', 'bearer x y'],
  'X-Api-Key': ['wrong'],
  'X-Request-Id': ['abc-1', 'a b', 'x'.repeat(129)],
  'Idempotency-Key': ['once', 'a b', 'k'.repeat(256)],
  traceparent: ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '00-0-0-0', 'ff'],
  'Last-Event-ID': ['0-0', '1-1', '1-1.end', '99999999999999-0', '-', '1.2.3', '5.0.0.end'],
  'X-Conversation-Id': ['one', 'two'],
  'X-OpenWebUI-Chat-Id': ['three'],
  'X-User-Id': ['ann', 'bob'],
  'X-Agenticore-Visibility': ['thinking,tools', 'all', 'nothing'],
  Upgrade: ['websocket', 'h2c'],
  Connection: ['keep-alive', 'Upgrade'],
  Range: ['bytes=0-1', 'bytes=-1,9-'],
  Cookie: ['a=b; __proto__=c'],
  'X-HTTP-Method-Override': ['DELETE'],
  'X-Forwarded-For': ['127.0.0.1', '::1'],
};

const names = Object.keys(READ);

/** Up to a handful, some of them twice. */
export const anyHeaders: fc.Arbitrary<readonly Header[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .constantFrom(...names)
        .chain((name) => fc.constantFrom(...(READ[name] ?? [''])).map((value): Header => [name, value])),
    },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...names), hostileHeaderValue) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom('X', 'x-y', '__proto__', ':path', 'a b', ''), hostileHeaderValue),
    },
    // More than anybody sends.
    {
      weight: 1,
      arbitrary: fc.integer({ min: 1, max: 30 }).map((count): Header => ['X-Many', 'v'.repeat(count * 1000)]),
    },
  ),
  { maxLength: 5 },
);

// Requests for every operation of the description, and for what is none.
import fc from 'fast-check';
import { isRecord, type JsonRecord } from '../../../src/domain/json-record.js';
import type { FuzzRequest, Way } from '../fuzz-request.js';
import { anyBytes, anyForm, anyJson } from './any-body.js';
import { anyHeaders } from './any-headers.js';
import { anyPath, anyQuery, filledPath } from './any-path.js';
import { anyRpc, type Tool } from './any-rpc.js';
import type { Resolve } from './from-schema.js';

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'get',
  'FOO',
  '',
];

const anyWay: fc.Arbitrary<Way> = fc.oneof(
  { weight: 16, arbitrary: fc.constant<Way>('reads') },
  { weight: 1, arbitrary: fc.constantFrom<Way>('drips', 'stops', 'breaks-off', 'leaves') },
);

/** Requests by this description. `keys`: what callers may show; none where nobody is asked. `tools`: those of MCP. */
export function anyRequest(
  description: JsonRecord,
  { keys, tools }: { readonly keys: readonly string[]; readonly tools: readonly Tool[] },
): fc.Arbitrary<FuzzRequest> {
  const { paths } = description as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, JsonRecord>>>>;
  };
  const resolve: Resolve = (pointer) =>
    pointer
      .split('/')
      .slice(1)
      .reduce<unknown>(
        (value, name) => (isRecord(value) ? value[name] : undefined),
        description,
      ) as JsonRecord;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      described(method.toUpperCase(), path, operation, resolve),
    ),
  );
  const odd = fc.record({
    method: fc.constantFrom(...METHODS),
    target: fc
      .tuple(fc.oneof(anyPath, fc.constantFrom(...Object.keys(paths))), anyQuery)
      .map(([path, query]) => path + query),
    headers: anyHeaders,
    body: fc.oneof(fc.constant(''), anyBytes),
    way: anyWay,
  });
  const request = fc.oneof(
    { weight: 6, arbitrary: fc.oneof(...operations) },
    { weight: 1, arbitrary: odd },
    { weight: 1, arbitrary: anyRpc(tools, resolve) },
  );
  const identity = keys.length === 0 ? fc.constant(undefined) : fc.constantFrom(undefined, ...keys, ...keys);
  return fc.tuple(request, identity).map(([plain, key]) => ({
    ...plain,
    headers: key === undefined ? plain.headers : [...plain.headers, ['X-Api-Key', key] as const],
  }));
}

function described(
  method: string,
  path: string,
  operation: JsonRecord,
  resolve: Resolve,
): fc.Arbitrary<FuzzRequest> {
  const { requestBody } = operation as {
    readonly requestBody?: { readonly content: Readonly<Record<string, JsonRecord>> };
  };
  const [type = '', content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const schema = schemaOf(content, resolve);
  const body =
    content === undefined
      ? fc.oneof({ weight: 8, arbitrary: fc.constant('') }, { weight: 1, arbitrary: anyBytes })
      : type.endsWith('json') && type !== 'application/x-ndjson'
        ? anyJson(schema, resolve)
        : type.endsWith('urlencoded')
          ? anyForm(schema, resolve)
          : anyBytes;
  return fc
    .record({
      target: fc.tuple(filledPath(path), anyQuery).map(([filled, query]) => filled + query),
      headers: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 2, arbitrary: anyHeaders }),
      body,
      way: anyWay,
    })
    .map(({ headers, ...rest }) => ({
      ...{ method, ...rest },
      headers:
        type === '' || headers.some(([name]) => name === 'Content-Type')
          ? headers
          : [['Content-Type', type] as const, ...headers],
    }));
}

function schemaOf(content: JsonRecord | undefined, resolve: Resolve): JsonRecord {
  const schema = isRecord(content?.schema) ? content.schema : {};
  return typeof schema.$ref === 'string' ? resolve(schema.$ref) : schema;
}

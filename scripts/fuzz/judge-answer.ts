// Does an answer keep what the description promises: by address, method and status, its headers, type and body.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { isRecord, type JsonRecord } from '../../src/domain/json-record.js';

/** An answer as it was on the wire. */
export interface SeenAnswer {
  readonly method: string;
  /** Of the request, as it was sent, without its query. */
  readonly path: string;
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Undefined when it was not read to its end, or is none. */
  readonly body?: string | undefined;
}

/** One sentence for each promise that is broken. */
export type Judge = (seen: SeenAnswer) => readonly string[];

/** Statuses of addresses and methods that are not described: nothing is there, or it may not be asked. */
const NOTHING_THERE = [400, 401, 403, 404, 405];
const UNDER_V1 = /^\/v1(\/|$)/i;
const UNDER_MCP = /^\/(mcp|sse|messages)(\/|$)/i;
const NO_BODY = [204, 302, 304];

/** A judge by this description (OpenAPI 3.1). */
export function createJudge(description: JsonRecord): Judge {
  const ajv = new Ajv2020({ strict: false, allErrors: false });
  ajv.addSchema(description, 'api');
  const checks = new Map<string, ValidateFunction>();
  const check = (pointer: string): ValidateFunction => {
    const check = checks.get(pointer) ?? ajv.compile({ $ref: `api#${pointer}` });
    checks.set(pointer, check);
    return check;
  };
  const misfit = (pointer: string, value: unknown): readonly string[] => {
    const validate = check(pointer);
    return validate(value) ? [] : [`${ajv.errorsText(validate.errors)} (${pointer})`];
  };

  const { paths } = description as { readonly paths: Readonly<Record<string, JsonRecord>> };
  const matchers = Object.keys(paths)
    .map((path) => ({ path, matches: matcherOf(path) }))
    // What is spelled out is meant before what stands for anything.
    .sort((a, b) => a.path.split('{').length - b.path.split('{').length);

  function contentFaults(
    pointer: string,
    response: JsonRecord,
    { headers, body }: SeenAnswer,
  ): readonly string[] {
    const content = isRecord(response.content) ? response.content : {};
    const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    const described = content[type];
    if (!isRecord(described))
      return type === '' && Object.keys(content).length === 0 ? [] : [`content type ${type || 'none'}`];
    if (body === undefined) return [];
    const at = `${pointer}/content/${escaped(type)}`;
    if ('x-item-schema' in described && type === 'text/event-stream')
      return framesOf(body).flatMap((data) => itemFaults(at, data));
    if (type === 'application/x-ndjson') return linesOf(body).flatMap((line) => itemFaults(at, line));
    if (!type.endsWith('json')) return misfit(`${at}/schema`, body);
    const value = parse(body);
    return value === undefined ? ['the body is no JSON'] : misfit(`${at}/schema`, value);
  }

  const itemFaults = (at: string, text: string): readonly string[] => {
    const value = parse(text);
    return value === undefined ? [`no JSON: ${text.slice(0, 100)}`] : misfit(`${at}/x-item-schema`, value);
  };

  return (seen) => {
    const { method, path, status } = seen;
    const use = method === 'HEAD' ? 'get' : method.toLowerCase();
    const found = matchers.find(({ matches }) => matches.test(path))?.path;
    const faults = (): readonly string[] => {
      if (isGarbled(seen)) return misfit('/components/schemas/Problem', parse(seen.body ?? ''));
      // OAuth's library knows no HEAD.
      const isRefusedHead = method === 'HEAD' && status === 405;
      const operation = found === undefined || isRefusedHead ? undefined : paths[found]?.[use];
      if (found === undefined || !isRecord(operation)) return undescribedFaults(seen, misfit);
      const { responses } = operation as { readonly responses: Readonly<Record<string, JsonRecord>> };
      const given = responses[status];
      if (given === undefined) return ['this status is not described'];
      const isShared = typeof given.$ref === 'string';
      const pointer = isShared
        ? String(given.$ref).slice(1)
        : `/paths/${escaped(found)}/${use}/responses/${status}`;
      const response = isShared ? at(description, pointer) : given;
      const isEmpty = method === 'HEAD' || NO_BODY.includes(status);
      return [...headerFaults(response, seen), ...(isEmpty ? [] : contentFaults(pointer, response, seen))];
    };
    return faults().map((fault) => `${method} ${path.slice(0, 200)} -> ${status}: ${fault}`);
  };
}

function headerFaults(response: JsonRecord, { headers }: SeenAnswer): readonly string[] {
  const described = Object.entries(isRecord(response.headers) ? response.headers : {});
  return described
    .filter(
      ([name, header]) =>
        isRecord(header) && (header.required === true || '$ref' in header) && !headers[name.toLowerCase()],
    )
    .map(([name]) => `the header ${name} is missing`);
}

function undescribedFaults(
  { method, path, status, headers, body }: SeenAnswer,
  misfit: (pointer: string, value: unknown) => readonly string[],
): readonly string[] {
  if (method === 'OPTIONS' && [200, 204].includes(status)) return [];
  if (!NOTHING_THERE.includes(status)) return ['this address or method is not described'];
  if (method === 'HEAD' || body === undefined) return [];
  return [
    ...(headers['x-request-id'] ? [] : ['the header X-Request-Id is missing']),
    ...misfit(`/components/schemas/${formOf(path, headers)}`, parse(body)),
  ];
}

/** Each protocol refuses in its own words. */
function formOf(path: string, headers: SeenAnswer['headers']): string {
  if (UNDER_V1.test(path)) return 'ChatError';
  if (headers['content-type'] === 'application/problem+json') return 'Problem';
  return UNDER_MCP.test(path) ? 'RpcError' : 'OAuthError';
}

/** What is no HTTP, or more of it than is read, is refused before anybody looks at its address. */
const isGarbled = ({ path, status, headers }: SeenAnswer): boolean =>
  status === 400 && UNDER_V1.test(path) && headers['content-type'] === 'application/problem+json';

/** As the router reads addresses: in any case, with or without a slash at the end. */
function matcherOf(path: string): RegExp {
  const pattern = path
    .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
    .replace(/\{(\w+)\}/g, path.startsWith('/v1/models/') ? '.+?' : '[^/]+?');
  return new RegExp(`^${pattern}/?$`, 'i');
}

const escaped = (name: string): string =>
  encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));

/** What a JSON pointer leads to. */
const at = (root: JsonRecord, pointer: string): JsonRecord =>
  pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), root) as JsonRecord;

/** The data of whole frames; the last of a stream that broke off is none. */
const framesOf = (text: string): readonly string[] =>
  [...text.matchAll(/^data: (.*)\n(?:.+\n)*\n/gm)]
    .map(([, data]) => data ?? '')
    .filter((data) => data !== '[DONE]');

const linesOf = (text: string): readonly string[] => text.split('\n').slice(0, -1);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

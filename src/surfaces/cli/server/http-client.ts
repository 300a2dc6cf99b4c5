// One way to ask the server something: address, key, patience, and every refusal as a sentence.
import {
  AgenticoreError,
  ERRORS,
  type ErrorCode,
  type ErrorDetail,
  messageOf,
} from '../../../domain/errors.js';
import { asObject, type JsonObject, numberAt, objectsAt, parseObject, textAt } from './json-fields.js';

export interface ServerAddress {
  readonly url: string;
  readonly apiKey: string | undefined;
}

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: JsonObject;
  /** A body that is made while it is sent, instead of `body`. */
  readonly stream?: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** How long the answer's head may take, milliseconds. */
  readonly timeoutMs?: number;
}

export interface HttpClient {
  readonly url: string;
  /** Whatever the server answers; its body may still be coming. Throws SERVER_UNREACHABLE. */
  send(path: string, options?: RequestOptions): Promise<Response>;
  /** The body of a 2xx answer. Throws SERVER_UNREACHABLE, or what the server refused with. */
  text(path: string, options?: RequestOptions): Promise<string>;
  /** The same, read as an object. */
  json(path: string, options?: RequestOptions): Promise<JsonObject>;
}

const PATIENCE_MS = 30_000;

/** Throws INVALID_REQUEST when the address is no http or https URL, or the key cannot be sent. */
export function createHttpClient(address: ServerAddress): HttpClient {
  const base = checkUrl(address.url);
  checkKey(address.apiKey);
  const send = async (path: string, options: RequestOptions = {}): Promise<Response> => {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(new Error('timeout')), options.timeoutMs ?? PATIENCE_MS);
    try {
      return await fetch(`${base}${path}`, {
        method: options.method ?? 'GET',
        // A key must not follow a redirect to somebody else.
        redirect: 'manual',
        headers: {
          ...(address.apiKey === undefined ? {} : { 'x-api-key': address.apiKey }),
          ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...options.headers,
        },
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
        ...(options.stream === undefined ? {} : { body: options.stream, duplex: 'half' as const }),
        signal: options.signal ? AbortSignal.any([patience.signal, options.signal]) : patience.signal,
      });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw patience.signal.aborted ? tooSlow(base, options) : unreachable(base, error);
    } finally {
      clearTimeout(timer);
    }
  };
  const text = async (path: string, options: RequestOptions = {}): Promise<string> => {
    const response = await send(path, options);
    if (!response.ok) throw await readRefusal(response, base);
    try {
      return await response.text();
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw unreachable(base, error);
    }
  };
  const json = async (path: string, options: RequestOptions = {}): Promise<JsonObject> => {
    const object = parseObject(await text(path, options));
    if (object === undefined) throw notAgenticore(base, 'something that is no JSON object');
    return object;
  };
  return { url: base, send, text, json };
}

function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    !['http:', 'https:'].includes(url.protocol) ||
    url.username !== '' ||
    url.search !== ''
  ) {
    throw new AgenticoreError(
      'INVALID_REQUEST',
      `The server address "${text}" must look like http://127.0.0.1:8200, without user, password or query.`,
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function checkKey(key: string | undefined): void {
  if (key === undefined || /^[\x21-\x7e]+$/.test(key)) return;
  throw new AgenticoreError(
    'INVALID_REQUEST',
    'The API key holds spaces or other characters that no key has.',
  );
}

function unreachable(base: string, error: unknown): AgenticoreError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = causeCode(cause) ?? messageOf(cause);
  return new AgenticoreError(
    'SERVER_UNREACHABLE',
    `No agenticore server answers at ${base} (${reason}); start one with \`agenticore serve\`, or say where it is with --url or AGENTICORE_URL.`,
    { cause },
  );
}

const tooSlow = (base: string, options: RequestOptions): AgenticoreError =>
  new AgenticoreError(
    'SERVER_UNREACHABLE',
    `The server at ${base} did not answer within ${Math.round((options.timeoutMs ?? PATIENCE_MS) / 1000)} s; try again, or look at its log.`,
  );

const notAgenticore = (base: string, what: string): AgenticoreError =>
  new AgenticoreError(
    'SERVER_UNREACHABLE',
    `What answers at ${base} is no agenticore server: it sent ${what}.`,
  );

/** System errors carry their name (ECONNREFUSED, ...) as a field. */
const causeCode = (cause: unknown): string | undefined => textAt(asObject(cause), 'code');

/** True when the connection was refused or no such host exists: the server cannot have seen the request. */
export const wasNotSent = (error: unknown): boolean =>
  error instanceof AgenticoreError &&
  ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'].includes(causeCode(error.cause) ?? '');

/** The server's refusal as an error: its sentence, its code where this version knows it, its details. */
export async function readRefusal(response: Response, base: string): Promise<AgenticoreError> {
  const location = response.headers.get('location');
  if (response.status >= 300 && response.status < 400) {
    return notAgenticore(
      base,
      `a redirect${location === null ? '' : ` to ${location}`} (give the final address as --url)`,
    );
  }
  const body = parseObject(await response.text().catch(() => ''));
  const sentence = textAt(body, 'error');
  if (sentence === undefined) return notAgenticore(base, `${response.status} ${response.statusText}`.trim());
  const code = knownCode(textAt(body, 'code')) ?? (response.status === 401 ? 'UNAUTHORIZED' : 'INTERNAL');
  const retryAfterS = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new AgenticoreError(code, `${sentence}${mendOf(code, base)}`, {
    details: objectsAt(body, 'details').map(readDetail),
    ...(Number.isFinite(retryAfterS) ? { retryAfterS } : {}),
    cause: { status: numberAt(body, 'status') ?? response.status },
  });
}

/** What the server cannot know: how this program is told a key, or another server. */
function mendOf(code: ErrorCode, base: string): string {
  if (code === 'UNAUTHORIZED') return '; give one with --api-key or AGENTICORE_API_KEY';
  return code === 'NOT_FOUND'
    ? ` It was ${base} that was asked; name another server with --url or AGENTICORE_URL.`
    : '';
}

const readDetail = (detail: JsonObject): ErrorDetail => ({
  path: textAt(detail, 'path') ?? '',
  message: textAt(detail, 'message') ?? JSON.stringify(detail),
});

/** The row of the table that a public code names. */
export function knownCode(publicName: string | undefined): ErrorCode | undefined {
  const name = publicName?.replace(/^AGENTICORE_/, '');
  return name !== undefined && isErrorCode(name) ? name : undefined;
}

const isErrorCode = (name: string): name is ErrorCode => Object.hasOwn(ERRORS, name);

// What is taken from strangers: bodies of a bounded size and shape, and parameters in the form they must have.
import express, { type Request, type RequestHandler } from 'express';
import { AgenticoreError, type Check, type ErrorDetail } from '../../domain/errors.js';

/** How deep and wide a body may be; keeps whatever walks the value afterwards cheap. */
export interface Bounds {
  readonly depth: number;
  readonly members: number;
  /** Whether half a surrogate pair is mended, as in a history whose texts a client cut by length; else it is refused. */
  readonly mendTexts?: boolean;
}

/** Deeper or wider than anything that is asked of a fleet. */
const PLAIN: Bounds = { depth: 16, members: 1000 };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads the body as bytes, up to the limit, when it says that it is plain JSON. Throws UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE. */
export function takeBody(maxBytes: number): RequestHandler {
  const read = express.raw({ type: () => true, limit: maxBytes, inflate: false });
  return (req, res, next) => {
    const hasBody =
      req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
    if (hasBody && !saysJson(req.headers['content-type']))
      throw new AgenticoreError('UNSUPPORTED_MEDIA_TYPE');
    read(req, res, next);
  };
}

function saysJson(contentType = ''): boolean {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  const charset = parameters
    .map((parameter) => parameter.trim())
    .find((parameter) => parameter.startsWith('charset='));
  return (
    type.trim() === 'application/json' && (charset === undefined || /^charset="?utf-?8"?$/.test(charset))
  );
}

/**
 * The body that `takeBody` read, checked; `whenEmpty` is checked instead of no body at all.
 * Throws INVALID_JSON, or INVALID_REQUEST with a detail per problem.
 */
export function jsonBody(req: Request, check: Check, whenEmpty?: unknown, bounds: Bounds = PLAIN): unknown {
  const bytes: unknown = req.body;
  const isEmpty = !(bytes instanceof Uint8Array) || bytes.length === 0;
  if (isEmpty && whenEmpty === undefined)
    throw new AgenticoreError('INVALID_JSON', 'The body is empty; send a JSON object.');
  const value = isEmpty ? whenEmpty : parseJson(bytes, bounds);
  assertFits(value, check);
  return value;
}

function parseJson(bytes: Uint8Array, bounds: Bounds): unknown {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch (error) {
    const why = error instanceof SyntaxError ? `: ${error.message}` : ': it is not UTF-8';
    throw new AgenticoreError('INVALID_JSON', `The body is not valid JSON${why}.`);
  }
  refuse(oddities(value, '', 0, bounds));
  return bounds.mendTexts ? mended(value) : value;
}

/** What no request of ours needs and what could hurt whoever handles it later. Finds the first only. */
function oddities(value: unknown, path: string, depth: number, bounds: Bounds): readonly ErrorDetail[] {
  if (typeof value === 'string')
    return !bounds.mendTexts && hasLoneSurrogate(value)
      ? [{ path, message: 'holds half of a surrogate pair' }]
      : [];
  if (value === null || typeof value !== 'object') return [];
  if (depth >= bounds.depth)
    return [{ path: path.slice(0, 100), message: `is nested deeper than ${bounds.depth} levels` }];
  const members = Object.entries(value);
  if (members.length > bounds.members) return [{ path, message: `has more than ${bounds.members} members` }];
  for (const [name, member] of members) {
    const at = path === '' ? name : `${path}.${name}`;
    if (name === '__proto__' || hasLoneSurrogate(name))
      return [{ path: at, message: 'is not an allowed name' }];
    const found = oddities(member, at, depth + 1, bounds);
    if (found.length > 0) return found;
  }
  return [];
}

function mended(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\p{Surrogate}/gu, '\uFFFD');
  if (Array.isArray(value)) return value.map(mended);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, mended(member)]));
}

const hasLoneSurrogate = (text: string): boolean => /\p{Surrogate}/u.test(text);

/** Throws INVALID_REQUEST with a detail per problem. */
export const assertFits = (value: unknown, check: Check): void => refuse(check(value));

function refuse(details: readonly ErrorDetail[]): void {
  const [first] = details;
  if (first === undefined) return;
  const sentence = `${first.path === '' ? 'The body' : first.path} ${first.message}`.slice(0, 400);
  const rest = details.length > 1 ? ` (and ${details.length - 1} more; see details)` : '';
  const stop = rest === '' && sentence.endsWith('?') ? '' : '.';
  throw new AgenticoreError('INVALID_REQUEST', `${sentence}${rest}${stop}`, { details });
}

/** A refusal that names one field, parameter or header. */
export const invalid = (path: string, message: string): AgenticoreError =>
  new AgenticoreError('INVALID_REQUEST', `${path} ${message}.`, { details: [{ path, message }] });

/** A query parameter given at most once; an empty one counts as absent. Throws INVALID_REQUEST. */
export function queryText(req: Request, name: string): string | undefined {
  const value = req.query[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw invalid(name, 'must be given once');
  return value;
}

/** A query parameter that must be one of a few words. */
export function queryChoice<T extends string>(
  req: Request,
  name: string,
  allowed: readonly T[],
): T | undefined {
  const value = queryText(req, name);
  const choice = allowed.find((word) => word === value);
  if (value !== undefined && choice === undefined)
    throw invalid(name, `must be one of ${allowed.join(', ')}`);
  return choice;
}

/** How many rows of a list are asked for. */
export function queryLimit(
  req: Request,
  { usual, most }: { readonly usual: number; readonly most: number },
): number {
  const text = queryText(req, 'limit') ?? String(usual);
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > most) throw invalid('limit', `must be an integer from 1 to ${most}`);
  return limit;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The job id of the address. What is no UUID names no job: throws JOB_NOT_FOUND. */
export const jobIdOf = (req: Request): string => asJobId(String(req.params.id));

/** Throws JOB_NOT_FOUND. */
export function asJobId(text: string): string {
  const id = text.toLowerCase();
  if (!UUID.test(id)) throw new AgenticoreError('JOB_NOT_FOUND');
  return id;
}

// The words in which an address is described: what it is for, what it takes, what it answers, how it refuses.
import type { ErrorCode } from '../../domain/errors.js';
import type { JsonRecord } from '../../domain/json-record.js';

/** What an answer or a body is like, by its media type. */
export type Content = Readonly<Record<string, JsonRecord>>;

export interface Answer {
  readonly description: string;
  readonly headers?: readonly HeaderName[];
  readonly content?: Content;
}

export type HeaderName = 'Location' | 'Retry-After' | 'Allow' | 'WWW-Authenticate' | 'Mcp-Session-Id';

export interface Parameter {
  readonly in: 'query' | 'header';
  readonly name: string;
  readonly description: string;
  readonly schema: JsonRecord;
  readonly required?: true;
}

export interface Operation {
  readonly summary: string;
  /** Where it is served; left out: everywhere. */
  readonly only?: 'in a fleet' | 'in agent mode' | 'on the file bus' | 'with OAuth';
  readonly parameters?: readonly Parameter[];
  readonly body?: { readonly content: Content; readonly required: boolean };
  readonly answers: Readonly<Record<number, Answer>>;
  /** Besides those that every address knows. */
  readonly refusals?: readonly ErrorCode[];
}

export interface Description {
  readonly tag: 'jobs' | 'agent' | 'server' | 'oauth' | 'mcp';
  readonly GET?: Operation;
  readonly POST?: Operation;
  readonly DELETE?: Operation;
}

/** A schema of schemas/, by its name in the description. */
export const ref = (name: string): JsonRecord => ({ $ref: `#/components/schemas/${name}` });

/** An answer of JSON. */
export const json = (name: string, description: string, headers: readonly HeaderName[] = []): Answer => ({
  description,
  headers,
  content: { 'application/json': { schema: ref(name) } },
});

/** An answer that is a text. */
export const text = (type: string, description: string): Answer => ({
  description,
  content: { [type]: { schema: { type: 'string' } } },
});

/** An answer of many values, one after the other; `x-item-schema` is what OpenAPI 3.2 calls itemSchema. */
export const sequence = (type: string, name: string, description: string): Answer => ({
  description,
  content: { [type]: { schema: { type: 'string' }, 'x-item-schema': ref(name) } },
});

export const nothing = (description: string): Answer => ({ description });

export const query = (name: string, description: string, schema: JsonRecord): Parameter => ({
  ...{ in: 'query', name, description, schema },
});

export const header = (name: string, description: string, schema: JsonRecord): Parameter => ({
  ...{ in: 'header', name, description, schema },
});

export const idempotencyKey = (description: string): Parameter =>
  header('Idempotency-Key', description, { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' });

/** A body of JSON. */
export const jsonBody = (name: string, required = true): NonNullable<Operation['body']> => ({
  content: { 'application/json': { schema: ref(name) } },
  required,
});

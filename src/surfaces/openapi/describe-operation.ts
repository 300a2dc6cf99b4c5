// One use of an address as OpenAPI writes it, completed with what is the same for all: who may, and how it is refused.
import { AgenticoreError, ERRORS, type ErrorCode, publicCode } from '../../domain/errors.js';
import type { JsonRecord } from '../../domain/json-record.js';
import type { Scope } from '../../domain/scope.js';
import { openAiError } from '../openai/openai-error.js';
import { type Answer, type Content, type HeaderName, type Operation, ref } from './operation.js';

/** Where an operation is, and what it takes to use it. */
export interface Place {
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  /** A scope, or `caller`: whoever was let in. */
  readonly access: 'public' | 'caller' | Scope;
}

const ALWAYS = ['INVALID_REQUEST', 'INTERNAL'] as const satisfies readonly ErrorCode[];
/** NOT_FOUND: a process that only works serves none of it. */
const TO_CALLERS = ['UNAUTHORIZED', 'INSUFFICIENT_SCOPE', 'BUS_UNREACHABLE', 'NOT_FOUND'] as const;
/** Where it is not served, it is an address like any other that is none. */
const ELSEWHERE = ['UNAUTHORIZED', 'NOT_FOUND'] as const;
const OF_BODIES = ['INVALID_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const;
const SHARED: readonly ErrorCode[] = [...ALWAYS, ...TO_CALLERS, ...OF_BODIES];

/** The schemas of refusals. */
const FORMS = ['Problem', 'ChatError', 'RpcError'] as const;
type Form = (typeof FORMS)[number];

function formAt(path: string): Form {
  if (path.startsWith('/v1/')) return 'ChatError';
  return ['/mcp', '/sse', '/messages'].includes(path) ? 'RpcError' : 'Problem';
}

export function describeOperation(place: Place, operation: Operation): JsonRecord {
  const { summary, only, parameters = [], body } = operation;
  const { access, tag, method, path } = place;
  const scopes = access === 'caller' ? [] : [access];
  return {
    operationId: operationId(method, path),
    tags: [tag],
    summary,
    ...(only && { description: `Served ${only} only.` }),
    security: access === 'public' ? [] : ['key', 'bearer', 'oauth'].map((scheme) => ({ [scheme]: scopes })),
    parameters: [...pathParameters(path), ...parameters],
    ...(body && { requestBody: body }),
    responses: responsesOf(place, operation),
  };
}

/** `POST /jobs/{id}/retry` as `post_jobs_id_retry`. */
const operationId = (method: string, path: string): string =>
  [method.toLowerCase(), ...path.split(/[^A-Za-z0-9]+/)].filter((word) => word !== '').join('_');

const pathParameters = (path: string): readonly JsonRecord[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ in: 'path', name, required: true, schema: { type: 'string' } },
  }));

function responsesOf({ path, access }: Place, { answers, refusals = [], only, body }: Operation): JsonRecord {
  const codes = new Set<ErrorCode>([
    ...ALWAYS,
    ...(access === 'public' ? [] : TO_CALLERS),
    ...(body === undefined ? [] : OF_BODIES),
    ...(only === undefined ? [] : ELSEWHERE),
    ...refusals,
  ]);
  const statuses = [...Object.keys(answers).map(Number), ...[...codes].map((code) => ERRORS[code].status)];
  // Members that are numbers come in their order.
  return Object.fromEntries(
    statuses.map((status) => {
      const answer = answers[status];
      const refused = [...codes].filter((code) => ERRORS[code].status === status);
      if (answer === undefined) return [status, refusedWith(refused, formAt(path))];
      return [
        status,
        responseOf(refused.length === 0 ? [answer] : [answer, refusalOf(refused, formAt(path))]),
      ];
    }),
  );
}

/** The refusals that most operations share, written down once in each form. */
export const describeSharedRefusals = (): JsonRecord =>
  Object.fromEntries(
    FORMS.flatMap((form) =>
      SHARED.map((code) => [`${form}.${code}`, responseOf([refusalOf([code], form)])] as const),
    ),
  );

function refusedWith(codes: readonly ErrorCode[], form: Form): JsonRecord {
  const [code] = codes;
  const isShared = codes.length === 1 && SHARED.some((shared) => shared === code);
  return isShared ? { $ref: `#/components/responses/${form}.${code}` } : responseOf([refusalOf(codes, form)]);
}

/** What a caller gets who is refused with one of these codes. */
function refusalOf(codes: readonly ErrorCode[], form: Form): Answer {
  const description = codes.map((code) => `\`${publicCode(code)}\`: ${ERRORS[code].message}`).join('\n');
  const headers = codes.flatMap((code) => REFUSAL_HEADERS[ERRORS[code].status] ?? []).slice(0, 1);
  const told = codes.map((code) => openAiError(new AgenticoreError(code)).code);
  const problem = { ...ref('Problem'), properties: { code: { enum: codes.map(publicCode) } } };
  const chatError = { ...ref('ChatError'), properties: { error: { properties: { code: { enum: told } } } } };
  switch (form) {
    case 'Problem':
      return { description, headers, content: { 'application/problem+json': { schema: problem } } };
    case 'ChatError':
      return { description, headers, content: { 'application/json': { schema: chatError } } };
    case 'RpcError': {
      // At the door the protocol is not spoken yet.
      const content = { 'application/json': { schema: ref('RpcError') } };
      return {
        description,
        headers,
        content: { ...content, 'application/problem+json': { schema: problem } },
      };
    }
    default:
      return form satisfies never;
  }
}

const REFUSAL_HEADERS: Readonly<Record<number, readonly HeaderName[]>> = {
  405: ['Allow'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};

/** Answers that share a status are told in one place. */
function responseOf(answers: readonly Answer[]): JsonRecord {
  const headers = answers.flatMap((answer) => answer.headers ?? []);
  const content = answers.map((answer) => answer.content ?? {}).reduce(eitherContent);
  return {
    description: answers.map((answer) => answer.description).join('\n'),
    headers: Object.fromEntries([
      ['X-Request-Id', { $ref: '#/components/headers/X-Request-Id' }],
      ...headers.map((name) => [
        name,
        { required: answers.every((answer) => answer.headers?.includes(name)), schema: { type: 'string' } },
      ]),
    ]),
    ...(Object.keys(content).length > 0 && { content }),
  };
}

function eitherContent(one: Content, other: Content): Content {
  const shared = Object.keys(one).filter((type) => type in other);
  const either = shared.map((type) => [
    type,
    { schema: { anyOf: [one[type]?.schema, other[type]?.schema] } },
  ]);
  return { ...one, ...other, ...Object.fromEntries(either) };
}

// One use of an address as OpenAPI writes it, completed with what is the same for all: who may, and how it is refused.
import { ERRORS, type ErrorCode } from '../../domain/errors.js';
import type { JsonRecord } from '../../domain/json-record.js';
import type { Scope } from '../../domain/scope.js';
import { describeAnswers } from './describe-answers.js';
import { describeRefusal, formAt, refusalOf } from './describe-refusal.js';
import type { Operation } from './operation.js';

/** Where an operation is, and what it takes to use it. */
export interface Place {
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  /** A scope, or `caller`: whoever was let in. */
  readonly access: 'public' | 'caller' | Scope;
}

const ALWAYS = [
  'INVALID_REQUEST',
  'ORIGIN_REFUSED',
  'HOST_REFUSED',
  'INTERNAL',
] as const satisfies readonly ErrorCode[];
/** NOT_FOUND: a process that only works serves none of it. */
const TO_CALLERS = [
  'UNAUTHORIZED',
  'INSUFFICIENT_SCOPE',
  'RATE_LIMITED',
  'BUS_UNREACHABLE',
  'NOT_FOUND',
] as const;
/** Where it is not served, it is an address like any other that is none. */
const ELSEWHERE = ['UNAUTHORIZED', 'NOT_FOUND'] as const;
const OF_BODIES = ['INVALID_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const;

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
      if (answer === undefined) return [status, describeRefusal(refused, formAt(path))];
      return [
        status,
        describeAnswers(refused.length === 0 ? [answer] : [answer, refusalOf(refused, formAt(path))]),
      ];
    }),
  );
}

// How an operation refuses, as OpenAPI writes it: from the table of errors, in the form that clients of the address know.
import { AgenticoreError, ERRORS, type ErrorCode, publicCode } from '../../domain/errors.js';
import type { JsonRecord } from '../../domain/json-record.js';
import { openAiError } from '../openai/openai-error.js';
import { describeAnswers } from './describe-answers.js';
import { type Answer, type HeaderName, ref } from './operation.js';

/** The schemas of refusals. */
const FORMS = ['Problem', 'ChatError', 'RpcError'] as const;
type Form = (typeof FORMS)[number];

export function formAt(path: string): Form {
  if (path.startsWith('/v1/')) return 'ChatError';
  return ['/mcp', '/sse', '/messages'].includes(path) ? 'RpcError' : 'Problem';
}

/** What most operations refuse with is written down once. */
const SHARED: readonly ErrorCode[] = [
  ...(['INVALID_REQUEST', 'INVALID_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const),
  ...(['UNAUTHORIZED', 'INSUFFICIENT_SCOPE', 'NOT_FOUND', 'BUS_UNREACHABLE', 'INTERNAL'] as const),
];

/** The shared refusals, in each form. */
export const describeSharedRefusals = (): JsonRecord =>
  Object.fromEntries(
    FORMS.flatMap((form) =>
      SHARED.map((code) => [`${form}.${code}`, describeAnswers([refusalOf([code], form)])] as const),
    ),
  );

/** A response for those who are refused with one of these codes. */
export function describeRefusal(codes: readonly ErrorCode[], form: Form): JsonRecord {
  const [code] = codes;
  const isShared = codes.length === 1 && SHARED.some((shared) => shared === code);
  return isShared
    ? { $ref: `#/components/responses/${form}.${code}` }
    : describeAnswers([refusalOf(codes, form)]);
}

/** What a caller gets who is refused with one of these codes. */
export function refusalOf(codes: readonly ErrorCode[], form: Form): Answer {
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

// Failures as callers see them: application/problem+json merged with the older envelope. Nothing of a bug leaves
// the process but the id under which the log tells it.
import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, Request, Response } from 'express';
import { AgenticoreError, ERRORS, publicCode } from '../../domain/errors.js';
import type { Log } from '../../ports/log.js';
import { callOf } from './call.js';

const MAX_DETAILS = 50;
const MAX_DETAIL_CHARS = 500;
const DEFAULT_RETRY_S = 5;

/** What a caller is told of a refusal, whatever the protocol. */
export const refusalJson = (error: AgenticoreError): Record<string, unknown> => ({
  success: false,
  error: error.message,
  code: publicCode(error.code),
  status: ERRORS[error.code].status,
  details: error.details
    .slice(0, MAX_DETAILS)
    .map(({ path, message }) => ({ path: cut(path), message: cut(message) })),
});

/** The members of a problem document. */
export const problemJson = (error: AgenticoreError, requestId: string): Record<string, unknown> => ({
  ...refusalJson(error),
  request_id: requestId,
  type: 'about:blank',
  title: STATUS_CODES[ERRORS[error.code].status],
  detail: error.message,
});

const cut = (text: string): string =>
  text.length <= MAX_DETAIL_CHARS ? text : `${text.slice(0, MAX_DETAIL_CHARS)}…`;

/** Says when to come back, where coming back may help. */
export function setRetryAfter(res: Response, { code, retryAfterS }: AgenticoreError): void {
  const { status } = ERRORS[code];
  if (retryAfterS !== undefined || status === 503 || status === 429)
    res.setHeader('Retry-After', String(Math.max(1, Math.ceil(retryAfterS ?? DEFAULT_RETRY_S))));
}

function sendProblem(res: Response, error: AgenticoreError): void {
  const { status } = ERRORS[error.code];
  setRetryAfter(res, error);
  const body = JSON.stringify(problemJson(error, callOf(res).requestId));
  res.statusCode = status;
  res.setHeader('Content-Type', 'application/problem+json');
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.end(body);
}

/** The last handler: every error is told in one form, or ends a response that had already begun. */
export function handleErrors(
  log: Log,
  tell: (res: Response, error: AgenticoreError) => void = sendProblem,
): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const ids = { request_id: callOf(res).requestId, method: req.method, path: req.path };
    const refusal = asRefusal(error, req);
    if (refusal === undefined) log('http.bug', { ...ids, stack: stackOf(error) }, 'error');
    else if (ERRORS[refusal.code].status >= 500)
      log('http.failed', { ...ids, code: refusal.code, error: refusal.message }, 'warn');
    if (res.headersSent) res.destroy();
    else tell(res, refusal ?? new AgenticoreError('INTERNAL'));
  };
}

/** Undefined for a bug. The refusals of the web framework, and of what reads bodies for it, carry a 4xx `status`. */
function asRefusal(error: unknown, { complete }: Request): AgenticoreError | undefined {
  if (error instanceof AgenticoreError) return error;
  if (!(error instanceof Error)) return undefined;
  const brokeOff = !complete && 'code' in error && error.code === 'ECONNRESET';
  const isMalformed = brokeOff || error instanceof URIError;
  const status = isMalformed ? 400 : 'status' in error ? error.status : undefined;
  if (status === 400)
    return new AgenticoreError('INVALID_REQUEST', 'The request or its address is malformed.');
  if (status === 413) return new AgenticoreError('BODY_TOO_LARGE');
  return status === 415 ? new AgenticoreError('UNSUPPORTED_MEDIA_TYPE') : undefined;
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

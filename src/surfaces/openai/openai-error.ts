// Failures as OpenAI's clients know them: one shape for everything under /v1, before and after the first byte.
import type { Response } from 'express';
import { type AgenticoreError, ERRORS, type ErrorCode } from '../../domain/errors.js';
import { sendJson } from '../http/route.js';

/** Clients wait no longer than this for a second try. */
const MAX_RETRY_S = 60;
const DEFAULT_RETRY_S = 5;
/** A failure in a stream is one line, and clients give up on long ones. */
const MAX_MESSAGE_CHARS = 2000;

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  408: 'timeout_error',
  409: 'conflict_error',
  413: 'invalid_request_error',
  415: 'invalid_request_error',
  429: 'rate_limit_error',
  502: 'upstream_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'upstream_error',
};

/** Codes that clients compare; any other is ours, in lower case. */
const CODES: Partial<Record<ErrorCode, string>> = {
  UNAUTHORIZED: 'invalid_api_key',
  AGENT_MODEL_NOT_FOUND: 'model_not_found',
  BODY_TOO_LARGE: 'request_too_large',
  QUEUE_FULL: 'rate_limit_exceeded',
  RATE_LIMITED: 'rate_limit_exceeded',
  INTERNAL: 'server_error',
  AGENT_BUSY: 'overloaded',
};

/** With these a client sends the same request again, and Claude would do the work once more. */
const REPLAYED = [408, 409, 429, 503];

export interface OpenAiError {
  readonly message: string;
  readonly type: string;
  /** The field that is wrong. */
  readonly param: string | null;
  readonly code: string;
}

/** What an error says of itself on this surface. */
export function openAiError(error: AgenticoreError, status: number = ERRORS[error.code].status): OpenAiError {
  return {
    message: error.message.slice(0, MAX_MESSAGE_CHARS),
    type: TYPES[status] ?? 'server_error',
    param: error.details[0]?.path.slice(0, 200) || null,
    code: CODES[error.code] ?? error.code.toLowerCase(),
  };
}

/** Answers a request that may be made again: nothing was started. */
export function sendOpenAiError(res: Response, error: AgenticoreError): void {
  const { status } = ERRORS[error.code];
  if (error.retryAfterS !== undefined || status === 503 || status === 429) {
    const seconds = Math.ceil(error.retryAfterS ?? DEFAULT_RETRY_S);
    res.setHeader('Retry-After', String(Math.min(MAX_RETRY_S, Math.max(1, seconds))));
  }
  sendJson(res, status, { error: openAiError(error) });
}

/** Answers a request whose turn failed, so that its client does not start the turn again by itself. */
export function sendTurnFailure(res: Response, error: AgenticoreError): void {
  const { status: told } = ERRORS[error.code];
  const status = error.code === 'CANCELLED' ? 500 : REPLAYED.includes(told) ? 502 : told;
  res.setHeader('X-Should-Retry', 'false');
  sendJson(res, status, { error: openAiError(error, status) });
}

// Refusals at the addresses of MCP, in the form in which its clients read them. Without the SDK, which is not loaded for
// those who are turned away at the door.
import type { Response } from 'express';
import { type AgenticoreError, ERRORS } from '../../../domain/errors.js';
import { refusalJson, setRetryAfter } from '../../http/problem.js';

const PARSE_ERROR = -32700;
/** The SDK's own code for a request that the transport refuses. */
const REFUSED = -32000;
const SESSION_NOT_FOUND = -32001;

/** Answers with an error of the protocol that belongs to no request. */
export function sendRpcError(res: Response, error: AgenticoreError): void {
  setRetryAfter(res, error);
  const code = error.code === 'INVALID_JSON' ? PARSE_ERROR : REFUSED;
  send(res, ERRORS[error.code].status, { code, message: error.message, data: refusalJson(error) });
}

/** 404 with this code makes a client begin anew. */
export const sendVisitNotFound = (res: Response): void =>
  send(res, 404, { code: SESSION_NOT_FOUND, message: 'Session not found; initialize again.' });

function send(res: Response, status: number, error: Readonly<Record<string, unknown>>): void {
  res.statusCode = status;
  res.setHeader('Content-Type', 'application/json');
  res.end(JSON.stringify({ jsonrpc: '2.0', error, id: null }));
}

// Failures of what is no tool call: errors of the protocol, with the code of our table beside them.
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { AgenticoreError, ERRORS } from '../../domain/errors.js';
import type { Scope } from '../../domain/scope.js';
import { refusalJson } from '../http/problem.js';

/** What a caller lacks. */
export const refusal = (scope: Scope): AgenticoreError =>
  new AgenticoreError('INSUFFICIENT_SCOPE', `This needs the scope ${scope}, which the caller does not have.`);

/** Runs `body`; an expected refusal becomes an error of the protocol. */
export async function asProtocolError<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof AgenticoreError)) throw error;
    const { status } = ERRORS[error.code];
    const code = status < 500 ? ErrorCode.InvalidParams : ErrorCode.InternalError;
    throw new McpError(code, error.message, refusalJson(error));
  }
}

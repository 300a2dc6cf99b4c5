// From what claude says about a failure to a code of the error table. It says it in three places: the result
// message, the `error` of the last assistant message, and events on the way there.
import type { ErrorCode } from '../../../domain/errors.js';
import type { JsonRecord } from '../../../domain/json-record.js';
import { asText } from './json-values.js';

export interface FailureSigns {
  readonly result: JsonRecord;
  /** `error` of the last assistant message; empty when it had none. */
  readonly assistantError: string;
  /** A rate_limit_event said `rejected`. */
  readonly isQuotaRejected: boolean;
  /** claude retried a rate limit before it gave up: the limit was a matter of seconds. */
  readonly hasRetriedRateLimit: boolean;
}

/** The code of a result that is no success. */
export function classifyFailure(signs: FailureSigns): ErrorCode {
  const { result, assistantError } = signs;
  switch (result.subtype) {
    case 'error_max_turns':
      return 'CLAUDE_MAX_TURNS';
    case 'error_max_budget_usd':
      return 'CLAUDE_MAX_BUDGET';
    case 'error_during_execution':
      return classifyExecution(result);
    default:
      return (
        classifyApiError(signs, asText(result.result)) ??
        classifyStatus(result.api_error_status, assistantError)
      );
  }
}

/** What to tell people about the failure: claude's own words. */
export const failureText = (result: JsonRecord): string =>
  asText(result.result) || (Array.isArray(result.errors) ? result.errors.map(String).join('; ') : '');

function classifyExecution(result: JsonRecord): ErrorCode {
  if (/No conversation found/i.test(failureText(result))) return 'SESSION_NOT_FOUND';
  // Nobody here asked for it: a signal from outside, which may not come again.
  return asText(result.terminal_reason).startsWith('aborted_') ? 'CLAUDE_CRASHED' : 'CLAUDE_ERROR';
}

function classifyApiError(signs: FailureSigns, text: string): ErrorCode | undefined {
  const { result, assistantError } = signs;
  switch (assistantError) {
    case 'authentication_failed':
    case 'oauth_org_not_allowed':
      return 'CLAUDE_AUTH_FAILED';
    case 'billing_error':
      return 'CLAUDE_BILLING';
    case 'model_not_found':
      return 'MODEL_NOT_FOUND';
    case 'invalid_request':
      return 'CLAUDE_BAD_REQUEST';
    case 'overloaded':
      return 'MODEL_OVERLOADED';
    case 'rate_limit':
      return classifyRateLimit(signs);
    case 'server_error':
      return typeof result.api_error_status === 'number' ? 'MODEL_OVERLOADED' : 'MODEL_UNREACHABLE';
    default:
      if (result.terminal_reason === 'prompt_too_long') return 'CLAUDE_BAD_REQUEST';
      // A proxy's page, a stream that ended before it began, a connection lost: nothing of it is an answer.
      return /empty or malformed response|unable to connect|connection|timed out/i.test(text) &&
        typeof result.api_error_status !== 'number'
        ? 'MODEL_UNREACHABLE'
        : undefined;
  }
}

function classifyStatus(status: unknown, assistantError: string): ErrorCode {
  if (typeof status !== 'number') return 'CLAUDE_ERROR';
  if (status === 401 || status === 403) return 'CLAUDE_AUTH_FAILED';
  if (status === 402) return 'CLAUDE_BILLING';
  if (status === 404) return 'MODEL_NOT_FOUND';
  if (status === 429) return 'CLAUDE_USAGE_LIMIT';
  if (status >= 500) return 'MODEL_OVERLOADED';
  return assistantError === 'max_output_tokens' ? 'CLAUDE_ERROR' : 'CLAUDE_BAD_REQUEST';
}

// A limit that is worth waiting for is retried by claude; one that it refuses to wait for lasts.
function classifyRateLimit({ isQuotaRejected, hasRetriedRateLimit }: FailureSigns): ErrorCode {
  return isQuotaRejected || !hasRetriedRateLimit ? 'CLAUDE_USAGE_LIMIT' : 'MODEL_OVERLOADED';
}

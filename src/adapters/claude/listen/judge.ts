// How an attempt ended. The result message decides; the exit code alone says nothing (0 may be an error, and
// `success` may be what claude says while somebody else is stopping it).
import { ERRORS, type ErrorCode } from '../../../domain/errors.js';
import { isRecord, type JsonRecord } from '../../../domain/json-record.js';
import { addUsage } from '../../../domain/usage.js';
import type { AgentEnd, AgentMessage, AgentReport } from '../../../ports/agent.js';
import type { ClaudeExit } from '../start/spawn-claude.js';
import { classifyFailure, failureText } from './classify-failure.js';
import { asNumber, asText } from './json-values.js';

/** What ended the attempt first. */
export type Ending =
  | { readonly kind: 'settled' } // claude gave its result and was idle
  | { readonly kind: 'exited' } // claude left on its own
  | { readonly kind: 'stopped' } // our signal
  | FailedEnding; // our own watch over it

export interface FailedEnding {
  readonly kind: 'failed';
  readonly code: ErrorCode;
  readonly error: string;
}

export interface Judge {
  observe(message: AgentMessage): void;
  /** `exit`: undefined when it is of no interest, because it was us who ended the process. */
  judge(ending: Ending, exit: ClaudeExit | undefined, lastWords: string): AgentEnd;
}

/** What no date can be after; a time in another unit would be. */
const LAST_DATE_MS = 8.64e15;
const MAX_QUOTED_CHARS = 2000;

/**
 * A judge of one attempt, or of one turn of a process that has cost `spentUsd` before; it is shown every message.
 */
export function createJudge(spentUsd = 0): Judge {
  let result: JsonRecord | undefined;
  let usage: JsonRecord | undefined;
  let answer = '';
  let costUsd = spentUsd;
  let numTurns = 0;
  let assistantError = '';
  let isQuotaRejected = false;
  let hasRetriedRateLimit = false;
  let resetsAt: number | undefined;

  function observeResult(message: JsonRecord): void {
    result = message;
    // Of the process so far; turns and usage are of one turn.
    costUsd = Math.max(costUsd, asNumber(message.total_cost_usd));
    numTurns += asNumber(message.num_turns);
    if (isRecord(message.usage)) usage = addUsage(usage, message.usage);
    answer = asText(message.result) || answer;
  }

  function observeAssistant(message: JsonRecord): void {
    assistantError = asText(message.error);
    if (assistantError === '') hasRetriedRateLimit = false;
  }

  function observeRateLimit(info: unknown): void {
    if (!isRecord(info)) return;
    isQuotaRejected = info.status === 'rejected';
    const opensAt = asNumber(info.resetsAt) * 1000;
    resetsAt = isQuotaRejected && opensAt > 0 && opensAt <= LAST_DATE_MS ? opensAt : undefined;
  }

  function observe({ type, message }: AgentMessage): void {
    if (type === 'result') observeResult(message);
    else if (type === 'assistant') observeAssistant(message);
    else if (type === 'rate_limit_event') observeRateLimit(message.rate_limit_info);
    else if (type === 'oversized' && message.of === 'result') result = message;
    else if (type === 'system' && message.subtype === 'api_retry')
      hasRetriedRateLimit = message.error === 'rate_limit';
  }

  function judge(ending: Ending, exit: ClaudeExit | undefined, lastWords: string): AgentEnd {
    const report: AgentReport = {
      exitCode: exit?.code ?? null,
      costUsd: costUsd - spentUsd,
      numTurns,
      ...(usage === undefined ? {} : { usage }),
      ...(answer === '' ? {} : { answer }),
    };
    const fail = (code: ErrorCode, error: string): AgentEnd => ({ kind: 'failed', code, error, ...report });
    if (ending.kind === 'stopped') return { kind: 'stopped', ...report };
    if (ending.kind === 'failed') return fail(ending.code, ending.error);
    if (result === undefined) return { ...judgeSilentExit(exit, lastWords), ...report };
    if (result.type === 'oversized')
      return fail('CLAUDE_ERROR', "claude's result is larger than what is kept.");
    if (result.subtype === 'success' && result.is_error !== true) {
      if (exit === undefined || !wasSignalled(exit)) return { kind: 'succeeded', ...report };
      return fail(
        'CLAUDE_CRASHED',
        `claude was ended from outside (${describeExit(exit)}) before it was done.`,
      );
    }
    const code = classifyFailure({ result, assistantError, isQuotaRejected, hasRetriedRateLimit });
    const opensAt = code === 'CLAUDE_USAGE_LIMIT' ? resetsAt : undefined;
    const when = opensAt === undefined ? '' : ` It opens again at ${new Date(opensAt).toISOString()}.`;
    const error = `${ERRORS[code].message}${when}${quote('Claude says', failureText(result))}`;
    return {
      kind: 'failed',
      code,
      error,
      ...(opensAt === undefined ? {} : { resetsAt: opensAt }),
      ...report,
    };
  }

  return { observe, judge };
}

/** claude left without a result. */
function judgeSilentExit(exit: ClaudeExit | undefined, lastWords: string) {
  const fail = (code: ErrorCode, error: string) => ({ kind: 'failed', code, error }) as const;
  if (exit?.signal === 'SIGKILL' || exit?.code === 137)
    return fail('CLAUDE_OUT_OF_MEMORY', ERRORS.CLAUDE_OUT_OF_MEMORY.message);
  const words = quote('Its last words', lastWords);
  if (/No conversation found/i.test(lastWords))
    return fail('SESSION_NOT_FOUND', ERRORS.SESSION_NOT_FOUND.message);
  // How its command line parser speaks: another attempt would hear the same.
  if (exit?.code === 1 && /^error: /m.test(lastWords))
    return fail('BROKEN_PROFILE', `claude does not accept the flags of the profile.${words}`);
  return fail('CLAUDE_CRASHED', `claude ended without a result (${describeExit(exit)}).${words}`);
}

const wasSignalled = ({ code, signal }: ClaudeExit): boolean => signal !== null || (code ?? 0) > 128;

const describeExit = (exit: ClaudeExit | undefined): string =>
  exit === undefined ? 'it had to be killed' : (exit.signal ?? `exit code ${exit.code ?? 'unknown'}`);

/** ` Intro: text`, shortened in the middle of nowhere rather than without end. */
function quote(intro: string, text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  return ` ${intro}: ${trimmed.length > MAX_QUOTED_CHARS ? `${trimmed.slice(0, MAX_QUOTED_CHARS)}...` : trimmed}`;
}

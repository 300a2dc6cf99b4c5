// What a turn took, counted as OpenAI's clients count it.
import type { TurnResult } from '../../../app/turn/turns.js';
import type { Usage } from '../../../domain/job-event.js';
import { isRecord, type JsonRecord, present } from '../../../domain/json-record.js';

const numberOf = (value: unknown): number => (typeof value === 'number' && value > 0 ? value : 0);

/** `usage` of an answer; zeros when nothing was asked of Claude. */
export function usageJson(usage: Usage | undefined): JsonRecord {
  const cached = numberOf(usage?.cache_read_input_tokens);
  const prompt = numberOf(usage?.input_tokens) + numberOf(usage?.cache_creation_input_tokens) + cached;
  const completion = numberOf(usage?.output_tokens);
  const details = usage?.output_tokens_details;
  const reasoning = isRecord(details) ? numberOf(details.thinking_tokens ?? details.reasoning_tokens) : 0;
  return present({
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached },
    completion_tokens_details: reasoning > 0 ? { reasoning_tokens: reasoning } : undefined,
  });
}

/** What is ours of it. */
export const costJson = (
  result: TurnResult,
  { jobId, conversationId }: { readonly jobId: string; readonly conversationId: string | undefined },
): JsonRecord => ({
  cost_usd: result.costUsd,
  num_turns: result.numTurns,
  session_id: result.sessionId ?? null,
  conversation_id: conversationId ?? null,
  job_id: jobId,
});

/** Why an answer ended, in the words of the protocol. */
export function finishReason(finish: TurnResult['finish']): 'stop' | 'length' | 'content_filter' {
  return finish === 'refusal' ? 'content_filter' : finish;
}

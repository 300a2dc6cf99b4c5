// A completion as its callers know it since the predecessor.
import type { Completion } from '../../app/turn/completions.js';
import { ERRORS } from '../../domain/errors.js';
import type { JsonRecord } from '../../domain/json-record.js';
import { parseJsonText } from '../wire/parse-json-text.js';

/** What the turn came to. */
export const outcomeJson = (completion: Completion): JsonRecord => ({
  result: completion.result ?? null,
  session_id: completion.sessionId ?? null,
  cost_usd: completion.costUsd ?? null,
  duration_ms: completion.durationMs ?? null,
  num_turns: completion.numTurns ?? null,
  is_error: completion.error !== undefined,
  usage: completion.usage ?? null,
  tool_uses: completion.toolUses.map(({ id, name, input }) => ({ id, name, input: parseJsonText(input) })),
  ...(completion.error === undefined ? {} : { error: completion.error.message }),
});

const timeOf = (at: number | undefined): string | null =>
  at === undefined ? null : new Date(at).toISOString();

/** The whole of it, for those who look at it. */
export const completionJson = (completion: Completion): JsonRecord => ({
  uuid: completion.uuid,
  job_id: completion.jobId,
  status: completion.status,
  message: completion.message,
  ...outcomeJson(completion),
  created_at: timeOf(completion.createdAt),
  started_at: timeOf(completion.startedAt),
  ended_at: timeOf(completion.endedAt),
  meta: completion.meta ?? null,
});

/** 200, or why it failed: never a status that puts the blame on the caller. */
export function statusOf({ error }: Completion): number {
  return error === undefined ? 200 : Math.max(500, ERRORS[error.code].status);
}

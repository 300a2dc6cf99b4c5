// The turn that a request began before, under the key that it comes with again.
import type { TurnRequest } from '../../domain/chat.js';
import { AgenticoreError } from '../../domain/errors.js';
import { isTerminal, type Job } from '../../domain/job.js';
import { jobOfKey, type RequestKey } from '../request-key.js';
import { toldConfig } from './settle-visibility.js';
import { threadOf } from './thread.js';
import type { TurnDeps } from './turn-deps.js';
import type { TurnHead } from './turns.js';

/**
 * Undefined while the key is free. Throws IDEMPOTENCY_MISMATCH, JOB_NOT_FOUND and MESSAGE_NOT_FOUND when what it began is
 * not kept any more, BUS_UNREACHABLE.
 */
export async function knownTurn(
  deps: TurnDeps,
  request: TurnRequest,
  key: RequestKey | undefined,
): Promise<TurnHead | undefined> {
  const taken = key && (await deps.events.taken(key.key));
  if (taken === undefined) return undefined;
  const job = await jobOfKey(deps.events, taken, key?.digest);
  await assertKept(deps, job);
  const { id: jobId, createdAt, order } = job;
  const visibility = order.turn?.visibility ?? deps.policy.visibility;
  const config = toldConfig(deps, request, threadOf(deps, request), visibility);
  return { jobId, createdAt, conversationId: order.turn?.conversation, visibility, config };
}

/** Said before anything is answered, where it is an answer of its own. */
async function assertKept({ feed }: TurnDeps, { id: jobId, status }: Job): Promise<void> {
  if (!isTerminal(status) || !(await feed.read({ kind: 'job', jobId }, undefined, 1)).gap) return;
  throw new AgenticoreError(
    'MESSAGE_NOT_FOUND',
    `What was said in the turn of this Idempotency-Key, ${jobId}, is not kept any more; nothing was begun. To have it done again, send another key.`,
  );
}

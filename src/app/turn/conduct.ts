// From the moment a turn may begin to its result: Claude is asked, the place and the turn of the conversation are given
// back when the answer is whole, the ledger is brought to its end behind the response.

import type { TakePiece } from './outlet.js';
import { type Performing, performTurn } from './perform-turn.js';
import { endTurn, keepTurn } from './thread.js';
import type { TurnStop } from './turn-attempt.js';
import type { TurnDeps, TurnStage } from './turn-deps.js';
import { resultOf } from './turn-result.js';
import type { TurnResult } from './turns.js';

export interface Audience {
  readonly take: TakePiece;
  /** Aborted when nobody waits any more: Claude is interrupted. */
  readonly signal: AbortSignal;
  /** Gives the place back. */
  readonly free: () => void;
}

/** Runs an accepted turn. Throws what it failed with; CANCELLED when the audience left. */
export async function conduct(
  deps: TurnDeps,
  stage: TurnStage,
  performing: Performing,
  { take, signal, free }: Audience,
): Promise<TurnResult> {
  const { attempt, thread } = performing;
  const jobId = attempt.job.id;
  const leave = (): void => attempt.stop('caller');
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  const { id } = thread;
  const letGo = id === undefined ? undefined : keepTurn(deps, id, jobId, () => attempt.stop('claim-lost'));
  try {
    const { end, start, recorded } = await performTurn(deps, stage, performing, take);
    // The place is free when Claude is; what is left to write takes no process.
    stage.recording.add(recorded);
    void recorded.then(() => stage.recording.delete(recorded));
    const stop: TurnStop | undefined = attempt.signal.reason;
    return resultOf(end, start, stop, deps.redact, deps.clock.now());
  } finally {
    signal.removeEventListener('abort', leave);
    letGo?.();
    free();
    if (id !== undefined) await endTurn(deps, id, jobId);
  }
}

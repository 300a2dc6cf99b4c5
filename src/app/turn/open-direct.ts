// A turn that runs in the process that took it: in the ledger before its caller hears of it, then without a detour.

import type { StreamConfig } from '../../domain/visibility.js';
import { conduct } from './conduct.js';
import { type NewTurn, startDirect } from './submit-turn.js';
import type { Thread } from './thread.js';
import { takeInHand } from './turn-attempt.js';
import type { TurnDeps, TurnStage } from './turn-deps.js';
import type { AcceptedTurn } from './turns.js';

/** A turn that may enter: shown as chosen, in its conversation, and it is its turn. */
export interface Admitted {
  readonly turn: NewTurn;
  readonly thread: Thread;
  readonly config: StreamConfig | undefined;
}

/** Enters the turn into the ledger as started. `free` gives its place back. Throws BUS_UNREACHABLE. */
export async function openDirect(
  deps: TurnDeps,
  stage: TurnStage,
  { turn, thread, config, free }: Admitted & { readonly free: () => void },
): Promise<AcceptedTurn> {
  const { id } = thread;
  const { request, agent, visibility } = turn;
  try {
    const finding = id === undefined ? undefined : deps.conversations.find(id);
    if (turn.key !== undefined) await finding; // what is refused must leave no key
    // Asked for at once: on Redis both go in one round trip.
    const [started, known] = await Promise.all([startDirect(deps, stage, turn), finding]);
    const { job } = started;
    const attempt = takeInHand(deps, stage, started, deps.queue.holdDirect(job.id, job.attempt));
    return {
      jobId: job.id,
      createdAt: job.createdAt,
      conversationId: id,
      visibility,
      config,
      run: (take, leaving) => {
        const signal = turn.key === undefined ? leaving : new AbortController().signal;
        return conduct(deps, stage, { attempt, request, thread, known, agent }, { take, signal, free });
      },
    };
  } catch (error) {
    free();
    throw error;
  }
}

// Turns for which this process has no place wait in the agent's lane, a bounded number of them, for whoever has one
// first; their callers follow the feed.
import { AgenticoreError, isCode } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import { cancelJob } from '../inspect-jobs.js';
import { followTurn } from './follow-turn.js';
import type { Admitted } from './open-direct.js';
import type { TakePiece } from './outlet.js';
import { type NewTurn, submitWaiting } from './submit-turn.js';
import { endTurn, keepTurn } from './thread.js';
import type { TurnDeps } from './turn-deps.js';
import type { AcceptedTurn, TurnResult } from './turns.js';

export interface WaitingRoom {
  /** True when nobody who came in here waits. */
  isEmpty(): boolean;
  /**
   * Counts one that waits for the turn before it; the function counts it out. Throws AGENT_BUSY when there is no room.
   */
  linger(): () => void;
  /** Takes one more in. Throws AGENT_BUSY when there is no room, before anything was started. */
  open(admitted: Admitted): Promise<AcceptedTurn>;
  /** The same for one that nobody waits for. */
  queue(turn: NewTurn): Promise<void>;
}

const BUSY_RETRY_S = 5;

/** The waiting room of this process; those of other processes count by the length of the lane. */
export function createWaitingRoom(deps: TurnDeps): WaitingRoom {
  const { lane, maxWaiting } = deps.policy;
  let waiting = 0;
  let lingering = 0;

  const assertRoom = (count: number): void => {
    if (count + lingering >= maxWaiting)
      throw new AgenticoreError('AGENT_BUSY', undefined, { retryAfterS: BUSY_RETRY_S });
  };

  /** Counts this one from here on: many may come at once. The function gives the place back. */
  function enter(): () => void {
    assertRoom(waiting);
    waiting += 1;
    let isIn = true;
    return () => {
      if (isIn) waiting -= 1;
      isIn = false;
    };
  }

  async function follow(
    job: Job,
    { thread, turn }: Admitted,
    leave: () => void,
    take: TakePiece,
    signal: AbortSignal,
  ): Promise<TurnResult> {
    const { id } = thread;
    const letGo = id === undefined ? undefined : keepTurn(deps, id, job.id, () => {});
    let goesOn = false;
    try {
      return await followTurn(deps, job, take, signal, leave);
    } catch (error) {
      if (isCode(error, 'CANCELLED') && signal.aborted) {
        goesOn = turn.key !== undefined;
        // Nobody waits any more: it must not begin, or go on.
        if (!goesOn) await cancelJob(deps, job.id, 'the caller left');
      }
      throw error;
    } finally {
      letGo?.();
      leave();
      if (id !== undefined && !goesOn) await endTurn(deps, id, job.id);
    }
  }

  /** Puts it into the lane. */
  async function submit(turn: NewTurn): Promise<Job> {
    assertRoom((await deps.queue.depth(lane)).waiting);
    return (await submitWaiting(deps, turn)).job;
  }

  return {
    isEmpty: () => waiting === 0,
    linger() {
      assertRoom(waiting);
      lingering += 1;
      return () => {
        lingering -= 1;
      };
    },
    async queue(turn) {
      const leave = enter();
      await submit(turn).finally(leave);
    },
    async open(admitted) {
      const leave = enter();
      try {
        const job = await submit(admitted.turn);
        return {
          jobId: job.id,
          createdAt: job.createdAt,
          conversationId: admitted.thread.id,
          visibility: admitted.turn.visibility,
          config: admitted.config,
          run: (take, signal) => follow(job, admitted, leave, take, signal),
        };
      } catch (error) {
        leave();
        throw error;
      }
    },
  };
}

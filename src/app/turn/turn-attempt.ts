// The one attempt of a turn: who may stop it, how it reports to its ledger, how its end is recorded.
import type { AttemptOutcome } from '../../domain/decide.js';
import { isCode } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import type { Lease } from '../../ports/command-queue.js';
import { type Attempt, createReport } from '../attempt/attempt.js';
import { watchCancel } from '../attempt/watch-cancel.js';
import { type Handled, handleCommand } from '../handle-command.js';
import { isOvertaken } from '../overtaken.js';
import { persist } from '../persist.js';
import type { TurnDeps, TurnStage } from './turn-deps.js';

/** Why a turn was stopped before its end; what came first stays. */
export type TurnStop = 'caller' | 'cancelled' | 'claim-lost' | 'handed-back';

export interface TurnAttempt extends Pick<Attempt, 'job' | 'head' | 'report' | 'latest' | 'lost'> {
  readonly number: number;
  /** Aborted when the turn must stop, with a TurnStop. */
  readonly signal: AbortSignal;
  stop(reason: TurnStop): void;
  /** Records how it ended; nothing when that is not ours to record any more. */
  end(outcome: AttemptOutcome): Promise<void>;
  /** Lets go of everything that watches over it. */
  close(): Promise<void>;
}

/** How long a turn that ends while the bus is away tries to say so; its lapsed lease says the rest. */
const LAST_WORDS_MS = 60_000;

/** Takes an attempt in hand that has just started under this lease. */
export function takeInHand(
  deps: TurnDeps,
  stage: TurnStage,
  started: Pick<Handled, 'job' | 'head'>,
  lease: Lease,
): TurnAttempt {
  const { job, head } = started;
  const stopping = new AbortController();
  const lost = new AbortController();
  const over = new AbortController();
  const stop = (reason: TurnStop): void => {
    stopping.abort(reason);
    if (reason === 'claim-lost') lost.abort(reason);
  };
  const letGo = stage.leases.keep(lease, () => stop('claim-lost'));
  const watching = watchCancel(deps, job.id, () => stop('cancelled'), over.signal).catch((error: unknown) => {
    deps.log('turn.bug', { job_id: job.id, error: String(error) }, 'error');
  });
  const onHandBack = (): void => stop('handed-back');
  stage.handBack.addEventListener('abort', onHandBack, { once: true });
  if (stage.handBack.aborted) onHandBack();
  stage.running.add(job.id);
  deps.log('turn.started', { job_id: job.id });
  const pen = createReport(deps, started, lost.signal);

  return {
    job,
    number: job.attempt,
    head: head(),
    signal: stopping.signal,
    lost: lost.signal,
    stop,
    ...pen,
    async end(outcome) {
      void deps.clock.sleep(LAST_WORDS_MS, over.signal).then(() => lost.abort('nobody answers'));
      try {
        const jitter = deps.clock.random();
        const command = { type: 'EndAttempt', attempt: job.attempt, outcome, jitter } as const;
        await persist(deps.clock, lost.signal, () => handleCommand(deps, job.id, command, {}, pen.latest()));
      } catch (error) {
        if (!isOvertaken(error) && !isCode(error, 'BUS_UNREACHABLE')) throw error;
      }
    },
    async close() {
      over.abort('the turn is over');
      stage.handBack.removeEventListener('abort', onHandBack);
      letGo();
      stage.running.delete(job.id);
      await watching;
    },
  };
}

/** Says in the ledger that the caller has left, so that the end of the turn is `cancelled`. */
export async function recordCallerLeft(deps: TurnDeps, job: Job): Promise<void> {
  await handleCommand(deps, job.id, { type: 'RequestCancel', by: 'the caller left' }).catch(
    (error: unknown) => {
      if (!isOvertaken(error) && !isCode(error, 'BUS_UNREACHABLE')) throw error;
    },
  );
}

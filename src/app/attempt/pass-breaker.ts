// Before an attempt: a model account at its usage limit is left alone by the whole fleet, and one job at a time finds
// out whether the limit is over.
import { isCode } from '../../domain/errors.js';
import type { JobEvent } from '../../domain/job-event.js';
import type { AgentMessage } from '../../ports/agent.js';
import type { Breaker } from '../../ports/breaker.js';
import type { Claim } from '../../ports/command-queue.js';
import type { Log } from '../../ports/log.js';
import { handleCommand, type LedgerDeps } from '../handle-command.js';

/** How long one job may take to find out before the next one is let through. */
const PROBE_MS = 10_000;

export interface BreakerDeps extends LedgerDeps {
  readonly breaker: Breaker;
  /** Fingerprint of the model credential that attempts of this worker use. */
  readonly credential: string;
  readonly log: Log;
}

/** What an attempt that was let through says back to the breaker. */
export interface Pass {
  /** Shown each message of claude. */
  heard(message: AgentMessage): void;
  /** Shown what the end of the attempt was recorded as. */
  ended(events: readonly JobEvent[]): Promise<void>;
}

/**
 * Lets the claimed job through, or parks it unstarted and resolves with undefined. Throws BUS_UNREACHABLE, and
 * JOB_ENDED or JOB_NOT_FOUND when there is nothing to park.
 */
export async function passBreaker(deps: BreakerDeps, claim: Claim): Promise<Pass | undefined> {
  const passage = await deps.breaker.pass(deps.credential, PROBE_MS);
  if (passage.kind === 'open') {
    const { job } = claim.known ?? (await deps.events.load(claim.jobId)) ?? {};
    if (job?.order.delivers) return letThrough(deps, claim.jobId); // it asks the model nothing
    const { until } = passage;
    const command = { type: 'ParkJob', until, jitter: deps.clock.random() } as const;
    await handleCommand(deps, claim.jobId, command, { claim: claim.token });
    deps.log('job.parked', { job_id: claim.jobId, credential: deps.credential, until });
    return undefined;
  }
  return createPass(deps, claim.jobId, passage.kind === 'probe' ? passage.probe : undefined);
}

/** The pass of an attempt that had nothing against it. */
export const letThrough = (deps: BreakerDeps, jobId: string): Pass => createPass(deps, jobId, undefined);

function createPass(deps: BreakerDeps, jobId: string, probe: string | undefined): Pass {
  const { breaker, credential, log } = deps;
  let unanswered = probe;

  /** What the breaker is not told now it learns from the next attempt: it must not end this one. */
  async function tell(msg: string, fields: Record<string, unknown>, telling: Promise<void>): Promise<void> {
    try {
      await telling;
      log(msg, { job_id: jobId, credential, ...fields });
    } catch (error) {
      if (!isCode(error, 'BUS_UNREACHABLE')) throw error;
      log('breaker.untold', { job_id: jobId, credential, error: String(error) }, 'warn');
    }
  }

  return {
    heard(message) {
      if (unanswered === undefined || !isAnswer(message)) return;
      const found = unanswered;
      unanswered = undefined;
      void tell('breaker.closed', {}, breaker.close(credential, found));
    },
    async ended(events) {
      const parked = events.find((event) => event.type === 'AttemptParked');
      if (parked === undefined) return;
      const { until } = parked;
      await tell('breaker.opened', { until }, breaker.open(credential, until));
    },
  };
}

/** Said by the model itself: what claude says in its place when it cannot be asked carries an error. */
const isAnswer = ({ type, message }: AgentMessage): boolean =>
  type === 'assistant' && message.error === undefined;

// Tells those who gave an address how their jobs ended. What is due is on the bus and in the ledgers, so that it does not
// matter which process ran the job, or whether it lives: each that runs this loop takes up what is due.
import { isCode, messageOf } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import type { Callbacks } from '../../ports/callbacks.js';
import type { Courier } from '../../ports/courier.js';
import { handleCommand, type LedgerDeps } from '../handle-command.js';
import { persist } from '../persist.js';
import { every, type LoopDeps } from './every.js';

export interface CallBackDeps extends LoopDeps, LedgerDeps {
  readonly callbacks: Callbacks;
  readonly courier: Pick<Courier, 'deliver'>;
  /** JSON that is told of a job that has ended. */
  readonly letterOf: (job: Job) => Promise<string>;
}

const INTERVAL_MS = 1000;
/** A receiver that does not answer must not keep all others waiting. */
const AT_ONCE = 16;
/** Longer than a request may take: what somebody took up and never recorded is due again then. */
const HOLD_MS = 60_000;

/** Looks every second until the signal aborts; then gives up what it is at, for others to take up. */
export async function callBackLoop(deps: CallBackDeps, signal: AbortSignal): Promise<void> {
  const underWay = new Set<Promise<void>>();
  const step = async (): Promise<boolean> => {
    if (underWay.size === AT_ONCE) await Promise.race(underWay);
    const now = deps.clock.now();
    const room = AT_ONCE - underWay.size;
    const due = await deps.callbacks.take(now, room, now + HOLD_MS);
    for (const jobId of due) {
      const call = callBack(deps, jobId, signal).finally(() => underWay.delete(call));
      underWay.add(call);
    }
    return due.length === room;
  };
  await every(deps, 'call-back', INTERVAL_MS, step, signal);
  await Promise.all(underWay);
}

/** Never rejects: what could not be recorded is held for a while, and then done again. */
async function callBack(deps: CallBackDeps, jobId: string, signal: AbortSignal): Promise<void> {
  const { clock, courier, events, log } = deps;
  try {
    const job = (await events.load(jobId))?.job;
    const url = job?.order.callbackUrl;
    if (job?.callback?.dueAt === undefined || url === undefined) return; // another process was faster
    const letter = { url, id: `msg_${jobId}`, body: await deps.letterOf(job) };
    const outcome = await courier.deliver(letter, signal);
    if (outcome.kind === 'failed' && signal.aborted) return; // we leave: that was not the receiver's fault
    const command = { type: 'RecordCallback', outcome, jitter: clock.random() } as const;
    const { callback } = (await persist(clock, signal, () => handleCommand(deps, jobId, command))).job;
    const facts = { job_id: jobId, attempts: callback?.attempts };
    if (outcome.kind === 'delivered')
      log('callback.delivered', { ...facts, http_status: outcome.httpStatus });
    else log('callback.failed', { ...facts, error: outcome.error, retry_at: callback?.dueAt }, 'warn');
  } catch (error) {
    if (isCode(error, 'JOB_NOT_FOUND')) return; // removed meanwhile
    log('callback.unrecorded', { job_id: jobId, error: messageOf(error) }, 'error');
  }
}

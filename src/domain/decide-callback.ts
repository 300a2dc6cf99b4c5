// What may happen to the callback of a job that has ended: a request was made, or somebody asks for it once more. Here
// is when it is tried again, and when it is given up.
import type { Callback, CallbackEvent } from './callback.js';
import { AgenticoreError } from './errors.js';
import type { Job } from './job.js';

export type CallbackCommand =
  /** A request to the address of the job was made. */
  | { readonly type: 'RecordCallback'; readonly outcome: CallbackOutcome; readonly jitter: number }
  | { readonly type: 'AskForCallback'; readonly by: string };

/** What came of one request. */
export type CallbackOutcome =
  | { readonly kind: 'delivered'; readonly httpStatus: number }
  /** `isFinal`: whoever is there wants no more of it. */
  | { readonly kind: 'failed'; readonly error: string; readonly isFinal: boolean };

/** The pauses between the tries: eleven of them in a day. */
const PAUSES_S: readonly number[] = [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 28_800];
/** So much longer at most, so that what failed together does not come back together. */
const JITTER = 0.2;

/** The events of a command. Throws CALLBACK_NOT_FOUND, JOB_NOT_ENDED. */
export function decideCallback(command: CallbackCommand, job: Job, now: number): readonly CallbackEvent[] {
  const callback = callbackOf(job);
  if (command.type === 'RecordCallback')
    return [recordCallback(callback, command.outcome, now, command.jitter)];
  const isDueAlready = callback.dueAt !== undefined && callback.tries === 0;
  return isDueAlready ? [] : [{ type: 'CallbackAsked', at: now, by: command.by }];
}

function callbackOf({ callback, order }: Job): Callback {
  if (order.callbackUrl === undefined) throw new AgenticoreError('CALLBACK_NOT_FOUND');
  if (callback === undefined)
    throw new AgenticoreError('JOB_NOT_ENDED', 'The job has not ended yet; when it does, its end is told.');
  return callback;
}

/** What a request that was made is in the ledger; also one that nobody was waiting for any more. */
function recordCallback(
  { tries, dueAt }: Callback,
  outcome: CallbackOutcome,
  now: number,
  jitter: number,
): CallbackEvent {
  if (outcome.kind === 'delivered')
    return { type: 'CallbackDelivered', at: now, httpStatus: outcome.httpStatus };
  const { error, isFinal } = outcome;
  const pauseS = isFinal || dueAt === undefined ? undefined : PAUSES_S[tries];
  const failed = { type: 'CallbackFailed', at: now, error } as const;
  if (pauseS === undefined) return failed;
  return { ...failed, retryAt: now + Math.round(pauseS * 1000 * (1 + JITTER * jitter)) };
}

// Tells apart what goes wrong between us and Redis: an answer that was lost, a Redis that cannot serve now, a bug.
import { AgenticoreError, messageOf } from '../../domain/errors.js';

const RETRY_AFTER_S = 2;

/** Refusals of a Redis that is there but cannot serve: they pass, or somebody mends them, without a change of ours. */
const NOT_NOW =
  /(?:^|-)(LOADING|READONLY|OOM|MISCONF|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|BUSY|TRYAGAIN|NOAUTH|WRONGPASS|NOPERM)\b/;

/** What mends a Redis that takes nothing more. */
const MENDS: readonly (readonly [RegExp, string])[] = [
  [
    /(?:^|-)OOM\b/,
    'Raise its maxmemory, or forget what was said in old jobs (`agenticore admin trim`), which a full Redis allows',
  ],
  [/(?:^|-)MISCONF\b/, 'Make room on its disk'],
];

/** What ioredis says, in plain errors, when there was or is no connection. */
const CONNECTION_LOST =
  /^(Connection is closed|Reached the max retries|Command aborted due to|Stream isn't writeable)/;
const TIMED_OUT = /^Command timed out|^Socket timeout/;

/** The reason after `close()`. */
export const BUS_CLOSED = 'the bus has been closed';

const isReply = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError';

/** BUS_UNREACHABLE with a reason. Never takes the library's error along: that one carries arguments, also of AUTH. */
export const unreachable = (reason: string): AgenticoreError =>
  new AgenticoreError('BUS_UNREACHABLE', `The bus (Redis) cannot be reached: ${reason}.`, {
    retryAfterS: RETRY_AFTER_S,
  });

/** The same code for one that answers and takes nothing more: for whoever wants to write that is no difference. */
function notNow(message: string): AgenticoreError {
  const reason = message.replace(/ script: [0-9a-f]{40}, on @user_script:\d+/, '').replace(/\.?\s*$/, '');
  const mend = MENDS.find(([sign]) => sign.test(message))?.[1];
  if (mend === undefined) return unreachable(reason);
  return new AgenticoreError('BUS_UNREACHABLE', `The bus (Redis) takes nothing more: ${reason}. ${mend}.`, {
    retryAfterS: RETRY_AFTER_S,
  });
}

/** True when the connection broke before the answer came: the command may or may not have been carried out. */
export const isLostAnswer = (error: unknown): boolean =>
  !isReply(error) && CONNECTION_LOST.test(messageOf(error));

/** True when a lane has no group, as on an empty Redis or after a flush, also one that hit a waiting reader. */
export const isGroupMissing = (error: unknown): boolean =>
  isReply(error) && /^(NOGROUP|UNBLOCKED)\b/.test(messageOf(error));

/** What to throw for `error` of a command; `reason` is the last trouble of the connection, if it had any. */
export function busError(error: unknown, reason: string | undefined): unknown {
  if (error instanceof AgenticoreError) return error;
  const message = messageOf(error);
  if (isReply(error)) return NOT_NOW.test(message) ? notNow(message) : error;
  if (isLostAnswer(error)) return unreachable(reason ?? 'the connection was lost');
  return TIMED_OUT.test(message) ? unreachable('it does not answer') : error;
}

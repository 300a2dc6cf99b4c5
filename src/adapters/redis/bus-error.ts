// Tells apart what goes wrong between us and Redis: an answer that was lost, a Redis that cannot serve now, a bug.
import { AgenticoreError, messageOf } from '../../domain/errors.js';
import { isRecord, type JsonRecord } from '../../domain/json-record.js';

const RETRY_AFTER_S = 2;

/** Refusals of a Redis that is there but cannot serve: they pass, or somebody mends them, without a change of ours. */
const NOT_NOW =
  /(?:^|-)(LOADING|READONLY|OOM|MISCONF|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|BUSY|TRYAGAIN|NOAUTH|WRONGPASS|NOPERM)\b|user executing the script can't/;

/** What to do about troubles that do not say it themselves. */
const MENDS: readonly (readonly [RegExp, string])[] = [
  [/\b(NOAUTH|WRONGPASS)\b/, 'set user and password in its address (REDIS_URL)'],
  [/\bNOPERM\b|user executing the script can't/, 'docs/redis.md says what its user must be allowed'],
  [/(?:^|-)READONLY\b/, 'name the primary in its address (REDIS_URL)'],
  [/\bDB index\b|SELECT is not allowed/, 'name a database that it has, or none, in its address (REDIS_URL)'],
  [
    /self-signed certificate|first certificate|issuer certificate/,
    'name the certificate of its authority in NODE_EXTRA_CA_CERTS',
  ],
  [
    /(?:^|-)OOM\b/,
    'raise its maxmemory, or forget what was said in old jobs (`agenticore admin trim`), which a full Redis allows',
  ],
  [/(?:^|-)MISCONF\b/, 'make room on its disk'],
];

/** One that answers and takes nothing more: for whoever wants to write that is no difference. */
const FULL = /(?:^|-)(OOM|MISCONF)\b/;

/** What ioredis says, in plain errors, when there was or is no connection. */
const CONNECTION_LOST =
  /^(Connection is closed|Reached the max retries|Command aborted due to|Stream isn't writeable)/;
const TIMED_OUT = /^Command timed out|^Socket timeout/;

/** The reason after `close()`. */
export const BUS_CLOSED = 'the bus has been closed';

const isReply = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError';

/** BUS_UNREACHABLE with a reason. Never takes the library's error along: that one carries arguments, also of AUTH. */
export function unreachable(reason: string): AgenticoreError {
  const mend = MENDS.find(([trouble]) => trouble.test(reason))?.[1];
  const why = reason.replace(/ script: [0-9a-f]{40}, on @user_script:\d+/, '').replace(/[.\s]+$/, '');
  const fact = FULL.test(reason) ? 'takes nothing more' : 'cannot be reached';
  const sentence = [why, ...(mend === undefined ? [] : [mend])].join('; ');
  return new AgenticoreError('BUS_UNREACHABLE', `The bus (Redis) ${fact}: ${sentence}.`, {
    retryAfterS: RETRY_AFTER_S,
  });
}

/** True when the connection broke before the answer came: the command may or may not have been carried out. */
export const isLostAnswer = (error: unknown): boolean =>
  !isReply(error) && CONNECTION_LOST.test(messageOf(error));

/** The same, or Redis was silent for too long. */
export const isInDoubt = (error: unknown): boolean =>
  isLostAnswer(error) || (!isReply(error) && TIMED_OUT.test(messageOf(error)));

/** Somebody else writes under our keys, or damaged them. A script names no key: it makes most of its keys itself. */
function notOurs(error: unknown, message: string): AgenticoreError {
  const { name, args } = commandOf(error);
  const isScript = name === 'eval' || name === 'evalsha';
  const where = isScript || !Array.isArray(args) ? 'a key of the bus' : String(args[0]);
  const why = `Redis holds something else than Agenticore writes in ${where} (${message.replace(/[.\s]+$/, '')})`;
  return new AgenticoreError('BUS_CORRUPT', `${why}; see that nobody else uses this REDIS_KEY_PREFIX.`);
}

const commandOf = (error: unknown): JsonRecord =>
  isRecord(error) && isRecord(error.command) ? error.command : {};

/** What was sent is in the error too, and would be logged with it: scripts, tasks, answers. */
function withoutCommand(error: unknown): unknown {
  if (error instanceof Error) Reflect.deleteProperty(error, 'command');
  return error;
}

/** True for what only says that there is no connection: it never hides why there is none. */
export const isConnectionLost = (error: Error): boolean => CONNECTION_LOST.test(error.message);

/** True for the refusal to change into the database of the address: what is sent then would go to another one. */
export const isDatabaseRefused = (error: Error): boolean => commandOf(error).name === 'select';

/** What to throw for `error` of a command; `reason` is the last trouble of the connection, if it had any. */
export function busError(error: unknown, reason: string | undefined): unknown {
  if (error instanceof AgenticoreError) return error;
  const message = messageOf(error);
  if (isReply(error) && NOT_NOW.test(message)) return unreachable(message);
  if (isReply(error) && /\bWRONGTYPE\b/.test(message)) return notOurs(error, message);
  if (isReply(error)) return withoutCommand(error);
  if (isLostAnswer(error)) return unreachable(reason ?? 'the connection was lost');
  return TIMED_OUT.test(message) ? unreachable('it does not answer') : error;
}

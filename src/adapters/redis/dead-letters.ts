// The dead letters on Redis: a stream that append.lua keeps.
import type { ErrorCode } from '../../domain/errors.js';
import type { DeadLetter, DeadLetters } from '../../ports/dead-letters.js';
import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import { asList, asText } from './reply.js';

/** The dead letters below `keys`. */
export function createDeadLetters(connection: Connection, keys: Keys): DeadLetters {
  return {
    async list(limit, after) {
      const start = after === undefined ? '-' : `(${after}`;
      const entries = await connection.ask((redis) => redis.xrange(keys.dead, start, '+', 'COUNT', limit));
      const letters = entries.map(([id, fields]) => deadLetter(id, fields));
      return { letters, next: entries.length < limit ? undefined : entries.at(-1)?.[0] };
    },
    count: () => connection.ask((redis) => redis.xlen(keys.dead)),
  };
}

function deadLetter(id: string, fields: unknown): DeadLetter {
  const [, jobId, , code, , error] = asList(fields);
  return { jobId: asText(jobId), at: Number.parseInt(id, 10), code: asCode(code), error: asText(error) };
}

/** The code as append.lua was given it. */
const asCode = (code: unknown): ErrorCode => asText(code) as ErrorCode;

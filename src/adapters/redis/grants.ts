// Grants on Redis: a key each, which goes by itself when its time is over.
import type { Grants } from '../../ports/grants.js';
import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import { asNumber } from './reply.js';
import { runScript, type ScriptName } from './scripts.js';

/** The grants below `keys`. */
export function createGrants(connection: Connection, keys: Keys): Grants {
  const run = async (
    script: ScriptName,
    key: string,
    ...args: readonly (string | number)[]
  ): Promise<number> => asNumber(await connection.ask((redis) => runScript(redis, script, [key], args)));

  return {
    async find(kind, id) {
      return (await connection.ask((redis) => redis.get(keys.oauth(kind, id)))) ?? undefined;
    },
    async put(kind, id, text, ttlMs) {
      await connection.ask((redis) => redis.set(keys.oauth(kind, id), text, 'PX', ttlMs));
    },
    async replace(kind, id, before, after, ttlMs) {
      return (await run('replace-grant', keys.oauth(kind, id), before, after, ttlMs)) === 1;
    },
    async remove(kind, id) {
      await connection.ask((redis) => redis.del(keys.oauth(kind, id)));
    },
    count: (what, windowMs) => run('count-try', keys.tries(what), windowMs),
  };
}

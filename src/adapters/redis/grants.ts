// Grants on Redis: a key each, which goes by itself when its time is over.
import type { Grants } from '../../ports/grants.js';
import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import { runScript } from './scripts.js';

/** The grants below `keys`. */
export function createGrants(connection: Connection, keys: Keys): Grants {
  return {
    async find(kind, id) {
      return (await connection.ask((redis) => redis.get(keys.oauth(kind, id)))) ?? undefined;
    },
    async put(kind, id, text, ttlMs) {
      await connection.ask((redis) => redis.set(keys.oauth(kind, id), text, 'PX', ttlMs));
    },
    async replace(kind, id, before, after, ttlMs) {
      const [key, args] = [keys.oauth(kind, id), [before, after, ttlMs]];
      return (await connection.ask((redis) => runScript(redis, 'replace-grant', [key], args))) === 1;
    },
    async remove(kind, id) {
      await connection.ask((redis) => redis.del(keys.oauth(kind, id)));
    },
  };
}

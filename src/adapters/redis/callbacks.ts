// The callbacks of the fleet: a sorted set by the time at which each is due.
import type { Callbacks } from '../../ports/callbacks.js';
import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import { asList, asText } from './reply.js';
import { runScript } from './scripts.js';

/** The callbacks below `keys`. */
export const createCallbacks = (connection: Connection, { callbacks }: Keys): Callbacks => ({
  async take(now, limit, heldUntil) {
    const args = [now, limit, heldUntil];
    return asList(await connection.ask((redis) => runScript(redis, 'take-callbacks', [callbacks], args))).map(
      asText,
    );
  },
  count: () => connection.ask((redis) => redis.zcard(callbacks)),
});

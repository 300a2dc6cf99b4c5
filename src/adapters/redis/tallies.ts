// Tallies on Redis: a number each, which goes by itself when its window is over.
import type { Tallies } from '../../ports/tallies.js';
import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import { asList, asNumber } from './reply.js';
import { runScript } from './scripts.js';

/** The tallies below `keys`. */
export const createTallies = (connection: Connection, keys: Keys): Tallies => ({
  async count(what, windowMs) {
    const reply = await connection.ask((redis) => runScript(redis, 'tally', [keys.tally(what)], [windowMs]));
    const [count, leftMs] = asList(reply);
    return { count: asNumber(count), leftMs: asNumber(leftMs) };
  },
});

// The breakers of the fleet: one key per credential, which goes by itself, so that a dead worker leaves nothing shut.
import { OUTCOMES } from '../../domain/outcomes.js';
import type { Breaker, Passage } from '../../ports/breaker.js';
import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import { asList, asText } from './reply.js';
import { runScript } from './scripts.js';

/** For how long after its time a breaker still lets one after the other through instead of all at once. */
const KEEP_MS = 60 * 60_000;

/** A time farther off than any park, and a day for clocks that differ, is a clock gone wrong; it must not stop the fleet. */
const MOST_MS = (OUTCOMES.usage_limit.parking.mostS + 86_400) * 1000;

/** The breakers below `keys`, by the clock of Redis. */
export function createBreaker(connection: Connection, keys: Keys): Breaker {
  const known = (credential: string): Promise<string | null> =>
    connection.ask((redis) => redis.get(keys.breaker(credential)));
  return {
    async open(credential, until) {
      const key = keys.breaker(credential);
      await connection.ask((redis) => runScript(redis, 'trip', [key], [Math.ceil(until), KEEP_MS, MOST_MS]));
    },
    async pass(credential, probeMs) {
      // Asked before every attempt, and nearly always closed: a plain read costs Redis next to nothing.
      if ((await known(credential)) === null) return { kind: 'closed' };
      const key = keys.breaker(credential);
      return passage(
        asList(await connection.ask((redis) => runScript(redis, 'pass', [key], [probeMs, KEEP_MS]))),
      );
    },
    async close(credential, probe) {
      await connection.ask((redis) => runScript(redis, 'mend', [keys.breaker(credential)], [probe]));
    },
    async openUntil(credential) {
      const until = Number((await known(credential))?.split(' ')[0] ?? 0);
      return until > Date.now() ? until : undefined;
    },
  };
}

function passage([kind, time]: readonly unknown[]): Passage {
  switch (kind) {
    case 'closed':
      return { kind };
    case 'open':
      return { kind, until: Number(asText(time)) };
    case 'probe':
      return { kind, probe: asText(time) };
    default:
      throw new Error(`pass.lua answered ${String(kind)}`);
  }
}

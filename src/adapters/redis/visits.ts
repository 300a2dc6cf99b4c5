// Visits on Redis: a hash each, which goes by itself when its client has not come for long.
import type { Visits } from '../../ports/visits.js';
import type { Connection } from './connection.js';
import type { Doorbell } from './doorbell.js';
import type { Keys } from './keys.js';
import { runScript, type ScriptName } from './scripts.js';

const FOLLOWS = 'follows ';

/** What Redis takes as an expiry. */
const wholeMs = (ms: number): number => Math.max(1, Math.round(ms));

/** The visits below `keys`. */
export function createVisits(connection: Connection, doorbell: Doorbell, keys: Keys): Visits {
  async function run(name: ScriptName, key: string, ...args: readonly (string | number)[]): Promise<void> {
    await connection.ask((redis) => runScript(redis, name, [key], args));
  }

  const note = (id: string, address: string, isWanted: '0' | '1'): Promise<void> =>
    run('follow', keys.visit(id), `${FOLLOWS}${address}`, isWanted, keys.visitBell(id));

  return {
    begin: (id, caller, ttlMs) => run('begin-visit', keys.visit(id), caller, wholeMs(ttlMs)),
    async find(id, ttlMs) {
      const key = keys.visit(id);
      const fields = await connection.ask(async (redis) => {
        await redis.pexpire(key, wholeMs(ttlMs));
        return redis.hgetall(key);
      });
      if (fields.caller === undefined) return undefined;
      const followed = Object.keys(fields).filter((field) => field.startsWith(FOLLOWS));
      return { caller: fields.caller, followed: followed.map((field) => field.slice(FOLLOWS.length)).sort() };
    },
    follow: (id, address) => note(id, address, '1'),
    unfollow: (id, address) => note(id, address, '0'),
    callOff: (id, request, ttlMs) =>
      run('call-off', keys.calledOff(id, request), wholeMs(ttlMs), keys.visitBell(id)),
    async isCalledOff(id, request) {
      return (await connection.ask((redis) => redis.exists(keys.calledOff(id, request)))) === 1;
    },
    end: (id) => run('end-visit', keys.visit(id), keys.visitBell(id)),
    watch: (id, ring) => doorbell.watch(keys.visitBell(id), ring),
  };
}

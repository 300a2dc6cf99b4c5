// Who is alive, by the clock of Redis.
import type { Registry, WorkerRecord } from '../../ports/registry.js';
import type { Connection } from './connection.js';
import type { Doorbell } from './doorbell.js';
import type { Keys } from './keys.js';
import { asList, asNumber, asText } from './reply.js';
import { runScript, type ScriptName } from './scripts.js';
import { parseStored } from './stored.js';

/** The workers below `keys`. */
export function createRegistry(connection: Connection, doorbell: Doorbell, keys: Keys): Registry {
  const all = [keys.workers, keys.alive, keys.drains];
  const run = (script: ScriptName, args: readonly (string | number)[] = []): Promise<unknown> =>
    connection.ask((redis) => runScript(redis, script, all, args));
  return {
    async beat(record, ttlMs) {
      const asked = asNumber(await run('beat', [record.worker, JSON.stringify(record), ttlMs]));
      return { drain: asked === 1 };
    },
    async list() {
      const records = asList(await run('roster'));
      return records.map((record): WorkerRecord => parseStored(asText(record), 'the roster of workers'));
    },
    async askToDrain(worker) {
      return asNumber(await run('ask-to-drain', [worker, keys.workerBell(worker)])) === 1;
    },
    watch: (worker, ring) => doorbell.watch(keys.workerBell(worker), ring),
    async leave(worker) {
      await run('leave', [worker]);
    },
  };
}

// Who is alive, by the clock of Redis.
import type { Registry, WorkerRecord } from '../../ports/registry.js';
import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import { asList, asText } from './reply.js';
import { runScript } from './scripts.js';
import { parseStored } from './view.js';

/** The workers below `keys`. */
export function createRegistry(connection: Connection, keys: Keys): Registry {
  const both = [keys.workers, keys.alive];
  return {
    async beat(record, ttlMs) {
      const args = [record.worker, JSON.stringify(record), ttlMs];
      await connection.ask((redis) => runScript(redis, 'beat', both, args));
    },
    async list() {
      const records = asList(await connection.ask((redis) => runScript(redis, 'roster', both)));
      return records.map((record): WorkerRecord => parseStored(asText(record), 'the roster of workers'));
    },
    async leave(worker) {
      await connection.ask((redis) => runScript(redis, 'leave', both, [worker]));
    },
  };
}

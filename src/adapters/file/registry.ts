// Workers of a file bus live in the process that holds it: their heartbeats need no disk.
import type { Registry, WorkerRecord } from '../../ports/registry.js';

/** The registry of one process, on a clock that only goes forward. */
export function createRegistry(now: () => number = () => performance.now()): Registry {
  const alive = new Map<string, { readonly record: WorkerRecord; readonly until: number }>();
  return {
    async beat(record, ttlMs) {
      alive.set(record.worker, { record, until: now() + ttlMs });
    },
    async list() {
      for (const [worker, { until }] of alive) if (until <= now()) alive.delete(worker);
      return [...alive.values()].map(({ record }) => record);
    },
    async leave(worker) {
      alive.delete(worker);
    },
  };
}

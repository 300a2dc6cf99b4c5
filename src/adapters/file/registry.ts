// Workers of a file bus live in the process that holds it: their heartbeats need no disk.
import type { Registry, WorkerRecord } from '../../ports/registry.js';

interface Alive {
  readonly record: WorkerRecord;
  readonly until: number;
}

/** The registry of one process, on a clock that only goes forward. */
export function createRegistry(now: () => number = () => performance.now()): Registry {
  const workers = new Map<string, Alive>();
  const drains = new Set<string>();
  const bells = new Map<string, Set<{ readonly ring: () => void }>>();

  function forget(worker: string): void {
    workers.delete(worker);
    drains.delete(worker);
  }

  function forgetLapsed(): void {
    for (const [worker, { until }] of workers) if (until <= now()) forget(worker);
  }

  return {
    async beat(record, ttlMs) {
      workers.set(record.worker, { record, until: now() + ttlMs });
      return { drain: drains.has(record.worker) };
    },
    async list() {
      forgetLapsed();
      return [...workers.values()].map(({ record }) => record);
    },
    async askToDrain(worker) {
      forgetLapsed();
      if (!workers.has(worker)) return false;
      drains.add(worker);
      for (const { ring } of bells.get(worker) ?? []) queueMicrotask(ring);
      return true;
    },
    async watch(worker, ring) {
      const bell = { ring };
      const others = bells.get(worker) ?? new Set();
      bells.set(worker, others.add(bell));
      return () => {
        others.delete(bell);
        if (others.size === 0 && bells.get(worker) === others) bells.delete(worker);
      };
    },
    async leave(worker) {
      forget(worker);
    },
  };
}

// Tells the fleet that this worker lives, what it runs, and whether it still takes work; hears whether it is to drain.
import type { Registry } from '../../ports/registry.js';
import type { Bell } from '../bell.js';
import { keepWatch } from '../keep-watch.js';
import { every, type LoopDeps } from './every.js';

const INTERVAL_MS = 5000;
const TTL_MS = 20_000;

export interface HeartbeatDeps extends LoopDeps {
  readonly registry: Registry;
  readonly worker: string;
  readonly host: string;
  readonly version: string;
  readonly slots: number;
  readonly running: () => readonly string[];
  readonly draining: () => boolean;
  /** Called at each beat that finds the worker asked to drain. */
  readonly onDrain: () => void;
  /** Rung when what a beat says has changed so that somebody waits for it. */
  readonly news: Bell;
}

/** Beats until the signal aborts, then leaves the registry. */
export async function heartbeatLoop(deps: HeartbeatDeps, signal: AbortSignal): Promise<void> {
  const { registry, worker, host, version, slots, news } = deps;
  const startedAt = deps.clock.now();
  const beat = async (): Promise<boolean> => {
    const draining = deps.draining();
    const seenAt = deps.clock.now();
    const record = { worker, host, version, slots, running: deps.running(), draining, startedAt, seenAt };
    const asked = await registry.beat(record, TTL_MS);
    if (!asked.drain || draining) return false;
    deps.onDrain();
    return true; // who asked waits to hear that it has begun
  };
  const watching = keepWatch(deps.clock, (ring) => registry.watch(worker, ring), news.ring, signal);
  await every(deps, 'heartbeat', INTERVAL_MS, beat, signal, news);
  await watching;
  await registry.leave(worker).catch(() => {}); // the record lapses by itself
}

// Tells the fleet that this worker lives, what it runs, and whether it still takes work.
import type { Registry } from '../../ports/registry.js';
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
}

/** Beats until the signal aborts, then leaves the registry. */
export async function heartbeatLoop(deps: HeartbeatDeps, signal: AbortSignal): Promise<void> {
  const { registry, worker, host, version, slots } = deps;
  const startedAt = deps.clock.now();
  const beat = async (): Promise<boolean> => {
    const running = deps.running();
    const record = {
      worker,
      host,
      version,
      slots,
      running,
      draining: deps.draining(),
      startedAt,
      seenAt: deps.clock.now(),
    };
    await registry.beat(record, TTL_MS);
    return false;
  };
  await every(deps, 'heartbeat', INTERVAL_MS, beat, signal);
  await registry.leave(worker).catch(() => {}); // the record lapses by itself
}

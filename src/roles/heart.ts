// How a working process shows that it lives, what it runs, and hears that it is to drain.
import { systemClock } from '../adapters/host/system-clock.js';
import { createBell } from '../app/bell.js';
import { heartbeatLoop } from '../app/loops/heartbeat.js';
import type { Service } from '../runtime/supervise.js';
import type { Drain } from './drain.js';
import type { Machines } from './machines.js';
import { packageVersion } from './package-version.js';

export interface Heart {
  readonly service: Service;
  /** Something has changed that others wait to hear. */
  ring(): void;
}

/** `slots`: how much it runs at once; `running`: ids of the jobs. */
export function createHeart(
  { config, bus, log, worker }: Machines,
  drain: Drain,
  { slots, running }: { readonly slots: number; readonly running: () => readonly string[] },
): Heart {
  const news = createBell();
  drain.signal.addEventListener('abort', news.ring, { once: true });
  const beating = {
    registry: bus.registry,
    worker,
    host: config.repos.podName,
    version: packageVersion,
    slots,
    running,
    draining: () => drain.signal.aborted,
    onDrain: () => drain.begin('the bus'),
    news,
    clock: systemClock,
    log,
  };
  return {
    service: { name: 'heartbeat', run: (signal) => heartbeatLoop(beating, signal) },
    ring: news.ring,
  };
}

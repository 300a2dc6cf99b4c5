// Which bus this process stands on: Redis when there is a URL for it, else files. Never one in place of the other.
import { openFileBus } from '../adapters/file/open-file-bus.js';
import { openRedisBus } from '../adapters/redis/open-redis-bus.js';
import type { Bus } from '../ports/bus.js';
import type { Log } from '../ports/log.js';
import type { Config } from '../runtime/config/config.js';

/** Opens the bus that the configuration names. `consumer` names this process to the others. */
export function openBus(config: Config, consumer: string, log: Log): Promise<Bus> {
  const leaseMs = config.worker.leaseSeconds * 1000;
  const { maxParallelPerRepo: maxPerRepo } = config.repos;
  const { url, keyPrefix } = config.redis;
  return url === undefined
    ? openFileBus({ home: config.home, leaseMs, maxPerRepo, log })
    : openRedisBus({ url, keyPrefix, leaseMs, maxPerRepo, consumer, log });
}

// Which bus this process stands on: Redis when there is a URL for it, else files. Never one in place of the other.
import type { Bus } from '../ports/bus.js';
import type { Log } from '../ports/log.js';
import type { Config } from '../runtime/config/config.js';

export interface BusOpening {
  /** `read`: files are read as they lie there, whoever has them. */
  readonly access: 'read' | 'write';
  /** This Redis instead of the bus of the configuration. */
  readonly redisUrl?: string;
}

/** Opens the bus that the configuration names. `consumer` names this process to the others. */
export async function openBus(
  config: Config,
  consumer: string,
  log: Log,
  opening: BusOpening = { access: 'write' },
): Promise<Bus> {
  const leaseMs = config.worker.leaseSeconds * 1000;
  const { maxParallelPerRepo: maxPerRepo } = config.repos;
  const { keyPrefix } = config.redis;
  const url = opening.redisUrl ?? config.redis.url;
  if (url !== undefined) {
    const { openRedisBus } = await import('../adapters/redis/open-redis-bus.js');
    return openRedisBus({ url, keyPrefix, leaseMs, maxPerRepo, consumer, log });
  }
  const files = { home: config.home, holder: consumer, leaseMs, maxPerRepo, log };
  const { openFileBus, readFileBus } = await import('../adapters/file/open-file-bus.js');
  return opening.access === 'read' ? readFileBus(files) : openFileBus(files);
}

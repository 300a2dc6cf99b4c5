// The keeper's desk: the bus itself, opened for one administrative command and closed after it.
import { openFileBus, readFileBus } from '../adapters/file/open-file-bus.js';
import { sha256 } from '../adapters/host/sha256.js';
import { systemClock } from '../adapters/host/system-clock.js';
import { openRedisBus } from '../adapters/redis/open-redis-bus.js';
import type { Bus } from '../ports/bus.js';
import type { Log } from '../ports/log.js';
import type { Config } from '../runtime/config/config.js';
import { loadConfig } from '../runtime/config/load-config.js';
import type { Desk, DeskOrder } from '../surfaces/cli/cli-context.js';

/** Runs `work` on the bus of the configuration; `say` is told what could not be read. Throws what opening throws. */
export async function atDesk<T>(
  order: DeskOrder,
  say: (line: string) => void,
  work: (desk: Desk) => Promise<T>,
): Promise<T> {
  const bus = await openForKeeper(loadConfig().config, order, complaints(say));
  try {
    await bus.ping().catch((error: unknown) => {
      if (order.access === 'write' || bus.name === 'redis') throw error;
    });
    return await work({ bus, clock: systemClock, hash: sha256 });
  } finally {
    await bus.close();
  }
}

function openForKeeper(config: Config, { access, redisUrl }: DeskOrder, log: Log): Promise<Bus> {
  const leaseMs = config.worker.leaseSeconds * 1000;
  const { maxParallelPerRepo: maxPerRepo } = config.repos;
  const { keyPrefix } = config.redis;
  const url = redisUrl ?? config.redis.url;
  if (url !== undefined) return openRedisBus({ url, keyPrefix, leaseMs, maxPerRepo, consumer: 'admin', log });
  const options = { home: config.home, leaseMs, maxPerRepo, log };
  return access === 'read' ? readFileBus(options) : openFileBus(options);
}

/** Errors are worth a line on stderr; everything else is the server's business. */
const complaints =
  (say: (line: string) => void): Log =>
  (fact, fields = {}, level = 'info') => {
    if (level !== 'error') return;
    const facts = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
    say(`agenticore: ${[fact, ...facts].join(' ')}`);
  };

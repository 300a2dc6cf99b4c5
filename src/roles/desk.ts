// The keeper's desk: the bus itself, opened for one administrative command and closed after it.
import { sha256 } from '../adapters/host/sha256.js';
import { systemClock } from '../adapters/host/system-clock.js';
import type { Log } from '../ports/log.js';
import { loadConfig } from '../runtime/config/load-config.js';
import type { Desk, DeskOrder } from '../surfaces/cli/cli-context.js';
import { openBus } from './open-bus.js';

/** Runs `work` on the bus of the configuration; `say` is told what could not be read. Throws what opening throws. */
export async function atDesk<T>(
  order: DeskOrder,
  say: (line: string) => void,
  work: (desk: Desk) => Promise<T>,
): Promise<T> {
  const bus = await openBus(loadConfig().config, 'admin', complaints(say), order);
  try {
    await bus.ping().catch((error: unknown) => {
      if (order.access === 'write' || bus.name === 'redis') throw error;
    });
    return await work({ bus, clock: systemClock, hash: sha256 });
  } finally {
    await bus.close();
  }
}

/** Errors are worth a line on stderr; everything else is the server's business. */
const complaints =
  (say: (line: string) => void): Log =>
  (fact, fields = {}, level = 'info') => {
    if (level !== 'error') return;
    const facts = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
    say(`agenticore: ${[fact, ...facts].join(' ')}`);
  };

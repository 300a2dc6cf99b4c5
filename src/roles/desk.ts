// The keeper's desk: the bus itself, opened for one administrative command and closed after it.
import { sha256 } from '../adapters/host/sha256.js';
import { systemClock } from '../adapters/host/system-clock.js';
import type { Log } from '../ports/log.js';
import { loadConfig } from '../runtime/config/load-config.js';
import { createSecrets } from '../runtime/secrets.js';
import type { Desk, DeskOrder } from '../surfaces/cli/cli-context.js';
import { openBus } from './open-bus.js';
import { sessionReader } from './read-session.js';

/** Runs `work` on the bus of the configuration; `say` is told what could not be read. Throws what opening throws. */
export async function atDesk<T>(
  order: DeskOrder,
  say: (line: string) => void,
  work: (desk: Desk) => Promise<T>,
): Promise<T> {
  const { config } = loadConfig();
  const unreadable = new Map<string, string>();
  const bus = await openBus(config, 'admin', complaints(say, unreadable), order);
  try {
    await bus.ping().catch((error: unknown) => {
      if (order.access === 'write' || bus.name === 'redis') throw error;
    });
    return await work({
      ...{ bus, clock: systemClock, hash: sha256 },
      redactTask: createSecrets(config.secrets).redactTask,
      readSession: sessionReader(config),
      unreadableJobs: () => unreadable,
    });
  } finally {
    await bus.close();
  }
}

/** What the process calls itself that has the file bus of the configuration; undefined when nobody tells. */
export async function busHolder(): Promise<string | undefined> {
  const { ownerOfFileBus } = await import('../adapters/file/open-file-bus.js');
  return (await ownerOfFileBus(loadConfig().config.home))?.name;
}

/** Errors are worth a line on stderr; everything else is the server's business. Jobs that cannot be read are noted. */
const complaints =
  (say: (line: string) => void, unreadable: Map<string, string>): Log =>
  (fact, fields = {}, level = 'info') => {
    if (level !== 'error') return;
    if (fact === 'bus.ledger_unreadable') unreadable.set(String(fields.job_id), String(fields.error));
    const facts = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
    say(`agenticore: ${[fact, ...facts].join(' ')}`);
  };

// Everything that every bus must do, as one call.
import type { OpenBus } from './bus-under-test.js';
import { commandQueueContract } from './command-queue.js';
import { eventLogContract } from './event-log.js';
import { feedContract } from './feed.js';
import { leaseContract } from './lease.js';
import { registryContract } from './registry.js';
import { transcriptLogContract } from './transcript-log.js';

/** Registers the contract suites of all ports of the bus under `name`. */
export function busContract(name: string, open: OpenBus): void {
  eventLogContract(name, open);
  commandQueueContract(name, open);
  leaseContract(name, open);
  transcriptLogContract(name, open);
  feedContract(name, open);
  registryContract(name, open);
}

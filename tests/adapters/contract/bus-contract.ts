// Everything that every bus must do, as one call.
import { admissionContract } from './admission.js';
import { breakerContract } from './breaker.js';
import type { OpenBus } from './bus-under-test.js';
import { callbacksContract } from './callbacks.js';
import { commandQueueContract } from './command-queue.js';
import { conversationsContract } from './conversations.js';
import { custodyContract } from './custody.js';
import { deadLetterContract } from './dead-letters.js';
import { delayContract } from './delay.js';
import { directTurnsContract } from './direct-turns.js';
import { doorbellContract } from './doorbell.js';
import { eventLogContract } from './event-log.js';
import { feedContract } from './feed.js';
import { grantsContract } from './grants.js';
import { jobListContract } from './job-list.js';
import { keysAndAnswersContract } from './keys-and-answers.js';
import { leaseContract } from './lease.js';
import { nextClaimContract } from './next-claim.js';
import { nextStartContract } from './next-start.js';
import { registryContract } from './registry.js';
import { talliesContract } from './tallies.js';
import { transcriptLogContract } from './transcript-log.js';
import { upkeepContract } from './upkeep.js';
import { visitsContract } from './visits.js';

/** Registers the contract suites of all ports of the bus under `name`. */
export function busContract(name: string, open: OpenBus): void {
  eventLogContract(name, open);
  jobListContract(name, open);
  keysAndAnswersContract(name, open);
  commandQueueContract(name, open);
  nextClaimContract(name, open);
  nextStartContract(name, open);
  delayContract(name, open);
  admissionContract(name, open);
  deadLetterContract(name, open);
  leaseContract(name, open);
  directTurnsContract(name, open);
  transcriptLogContract(name, open);
  feedContract(name, open);
  doorbellContract(name, open);
  registryContract(name, open);
  breakerContract(name, open);
  conversationsContract(name, open);
  callbacksContract(name, open);
  grantsContract(name, open);
  visitsContract(name, open);
  talliesContract(name, open);
  upkeepContract(name, open);
  custodyContract(name, open);
}

// Somebody at the keeper's desk: admin verbs typed against a bus that is there.
import { sha256 } from '../../../../src/adapters/host/sha256.js';
import { systemClock } from '../../../../src/adapters/host/system-clock.js';
import type { Bus } from '../../../../src/ports/bus.js';
import type { Desk } from '../../../../src/surfaces/cli/cli-context.js';
import { type Heard, type Situation, type } from '../person.js';

/** A desk with this bus, on a disk without sessions unless told otherwise. */
export const deskWith = (bus: Bus, more: Partial<Desk> = {}): Desk => ({
  ...{ bus, clock: systemClock, hash: sha256 },
  redactTask: String,
  readSession: async () => undefined,
  unreadableJobs: () => new Map(),
  ...more,
});

/** Types `agenticore admin <words>` with the bus on the desk. */
export const keep = (bus: Bus, words: readonly string[], situation: Situation = {}): Promise<Heard> =>
  type(['admin', ...words], { desk: deskWith(bus), ...situation });

// The bus of a fleet: Redis Streams and Lua scripts behind the ports.
import type { Bus } from '../../ports/bus.js';
import type { Log } from '../../ports/log.js';
import { appendConstants } from './append.js';
import { createBreaker } from './breaker.js';
import { createCallbacks } from './callbacks.js';
import { createHold } from './claims.js';
import { createCommandQueue } from './command-queue.js';
import { type Connection, type ConnectionOptions, openConnection } from './connection.js';
import { createConversations } from './conversations.js';
import { createCustody } from './custody.js';
import { createDeadLetters } from './dead-letters.js';
import { createDoorbell } from './doorbell.js';
import { createEventLog } from './event-log.js';
import { createFeed } from './feed.js';
import { createGrants } from './grants.js';
import { openKeys } from './keys.js';
import { createOffers } from './offers.js';
import { createRegistry } from './registry.js';
import { withConstants } from './scripts.js';
import { createTallies } from './tallies.js';
import { createTranscriptLog } from './transcript-log.js';
import { createVisits } from './visits.js';
import { findWeaknesses } from './weaknesses.js';

/** How long Redis may be silent while an answer is due. */
const ANSWER_MS = 5_000;
/** How long a sign that the bus takes writes stays. */
const PROBE_MS = 1_000;

export interface RedisBusOptions {
  /** redis:// or rediss://, with user, password and database as needed. */
  readonly url: string;
  /** All keys begin with `{keyPrefix}:`. */
  readonly keyPrefix: string;
  /** How long a claim holds without being extended. */
  readonly leaseMs: number;
  /** How many jobs of one repository may be in their lanes at once; any number when left out or 0. */
  readonly maxPerRepo?: number;
  /** Name of this process in CLIENT LIST. */
  readonly consumer: string;
  readonly log?: Log;
}

/**
 * Opens the bus, without waiting for Redis: while it is away, every method throws BUS_UNREACHABLE within seconds, and
 * works once it is there. Throws CONFIG_INVALID for a URL or prefix that can never work.
 */
export async function openRedisBus(options: RedisBusOptions): Promise<Bus> {
  const { url, leaseMs, maxPerRepo = 0, consumer, log } = options;
  const keys = openKeys(options.keyPrefix);
  const open = (role: string, more: Pick<ConnectionOptions, 'failFast' | 'log'>): Connection =>
    openConnection({ url, name: `agenticore:${consumer}${role}`, answerMs: ANSWER_MS, ...more });
  const main = open('', { failFast: true, ...(log ? { log } : {}) });
  const doorbell = createDoorbell({
    open: () => open(':bell', { failFast: false }),
    reader: main,
    keys,
    ...(log ? { log } : {}),
  });
  const hold = createHold(main, keys);
  const waiting = withConstants('wait', appendConstants(keys, maxPerRepo, leaseMs));
  const offers = createOffers({ connection: main, doorbell, keys, script: waiting });
  const events = createEventLog(main, keys, { maxPerRepo, leaseMs, hold }, log ?? (() => {}));

  return {
    name: 'redis',
    events,
    queue: createCommandQueue({ connection: main, offers, keys, hold, leaseMs, maxPerRepo }),
    deadLetters: createDeadLetters(main, keys),
    transcript: createTranscriptLog(main, keys),
    feed: createFeed(main, doorbell, keys),
    registry: createRegistry(main, doorbell, keys),
    custody: createCustody({ connection: main, keys, maxPerRepo, leaseMs, forget: events.remove }),
    breaker: createBreaker(main, keys),
    conversations: createConversations(main, doorbell, keys),
    callbacks: createCallbacks(main, keys),
    grants: createGrants(main, keys),
    visits: createVisits(main, doorbell, keys),
    tallies: createTallies(main, keys),
    async ping() {
      // A full Redis, or a replica, still answers PING.
      await main.ask((redis) => redis.set(keys.probe, '1', 'PX', PROBE_MS));
    },
    weaknesses: () => main.ask((redis) => findWeaknesses(redis, Date.now)),
    async close() {
      offers.close();
      await Promise.all([doorbell.close(), main.close()]);
    },
  };
}

// One subscriber connection for all readers of this process. A ring only says "look again"; the streams are the truth.
// A call that appends events rings once, on the doorbell of the fleet, and says of which jobs.
import { messageOf } from '../../domain/errors.js';
import type { Log } from '../../ports/log.js';
import { BUS_CLOSED, unreachable } from './bus-error.js';
import type { Connection } from './connection.js';
import type { Keys } from './keys.js';

/** How often the connection proves that it is alive: nothing else is ever sent on it for long. */
const PING_MS = 10_000;

/** `message`: what came with the ring; undefined after a reconnect, when rings may have been missed. */
export type Ring = (message?: string) => void;

export interface Doorbell {
  /** Calls `ring` for each ring of the channel and after a reconnect. Active when it resolves; ends it when called. */
  watch(channel: string, ring: Ring): Promise<() => void>;
  close(): Promise<void>;
}

export interface DoorbellOptions {
  /** Makes the connection, on the first watch. */
  readonly open: () => Connection;
  /** Whoever is rung looks through this one. */
  readonly reader: Connection;
  readonly keys: Pick<Keys, 'fleetBell' | 'jobBell'>;
  readonly log?: Log;
}

/** The doorbells below `keys`. */
export function createDoorbell({ open, reader, keys, log }: DoorbellOptions): Doorbell {
  const toJobBell = keys.jobBell('');
  const rings = new Map<string, Set<Ring>>();
  let subscriber: { readonly connection: Connection; readonly pulse: NodeJS.Timeout } | undefined;

  let closed = false;

  /** What rings for jobs is the bell of the fleet. */
  const isOfFleet = (channel: string): boolean => channel === keys.fleetBell || channel.startsWith(toJobBell);

  function ringAll(channel: string, message?: string): void {
    for (const ring of [...(rings.get(channel) ?? [])]) ring(message);
  }

  function onMessage(channel: string, message: string): void {
    ringAll(channel, message);
    if (channel !== keys.fleetBell) return;
    const words = message.split(' '); // of each job: its id, the version of the first event, how many
    for (let at = 0; at < words.length; at += 3) ringAll(keys.jobBell(words[at] ?? ''), '');
  }

  /** What was rung while we were away is unknown: once subscribed again, everybody looks. */
  async function resume({ redis }: Connection): Promise<void> {
    const channels = [...rings.keys()];
    if (channels.length === 0) return;
    await redis.subscribe(...(channels.some(isOfFleet) ? [keys.fleetBell] : []), ...channels);
    // Not before they can look: where we are back first, all of them would be told that Redis is away.
    if (reader.redis.status !== 'ready')
      await new Promise<void>((resolve) => reader.redis.once('ready', () => resolve()));
    for (const channel of rings.keys()) ringAll(channel);
  }

  function connect(): Connection {
    if (subscriber) return subscriber.connection;
    const connection = open();
    const { redis } = connection;
    redis.on('message', onMessage);
    let wasThere = redis.status === 'ready';
    redis.on('ready', () => {
      if (!wasThere) {
        wasThere = true; // whoever watches subscribes; nothing was missed so far
        return;
      }
      resume(connection).catch((error: unknown) => {
        log?.('bus.resubscribe_failed', { reason: messageOf(error) }, 'warn');
        redis.disconnect(true);
      });
    });
    const pulse = setInterval(() => {
      if (redis.status === 'ready') redis.ping().catch(() => undefined);
    }, PING_MS);
    pulse.unref();
    subscriber = { connection, pulse };
    return connection;
  }

  function unwatch(channel: string, ring: Ring): void {
    const others = rings.get(channel);
    if (!others?.delete(ring) || others.size > 0) return;
    rings.delete(channel);
    const redis = subscriber?.connection.redis;
    // The fleet's bell rings for the jobs as well: it is the last of them to go.
    const left = channel === keys.fleetBell ? [] : [channel];
    if (isOfFleet(channel) && ![...rings.keys()].some(isOfFleet)) left.push(keys.fleetBell);
    if (redis?.status === 'ready' && left.length > 0) redis.unsubscribe(...left).catch(() => undefined);
  }

  return {
    async watch(channel, onRing) {
      if (closed) throw unreachable(BUS_CLOSED);
      const ring: Ring = (message) => onRing(message); // an identity of its own: the same function may watch twice
      const watchers = rings.get(channel) ?? new Set();
      rings.set(channel, watchers.add(ring));
      try {
        const wanted = isOfFleet(channel) ? [keys.fleetBell, channel] : [channel];
        await connect().ask((redis) => redis.subscribe(...wanted));
      } catch (error) {
        unwatch(channel, ring);
        throw error;
      }
      return () => unwatch(channel, ring);
    },
    async close() {
      closed = true;
      rings.clear();
      clearInterval(subscriber?.pulse);
      await subscriber?.connection.close();
    },
  };
}

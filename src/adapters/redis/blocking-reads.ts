// Waiting for lane entries: each waiting claim has a connection that blocks in Redis, so that Redis hands out entries
// first come, first served. Giving up wakes the connection through CLIENT UNBLOCK and so never strands an entry.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { isCode } from '../../domain/errors.js';
import { BUS_CLOSED, isGroupMissing, unreachable } from './bus-error.js';
import type { Connection } from './connection.js';
import { LANE_GROUP } from './keys.js';
import { asList, asText } from './reply.js';

/** How long one read blocks before it is asked again: bounds what a half-dead connection can cost. */
export const BLOCK_MS = 5_000;
/** After this long without success in waking it, a blocked connection is cut. */
const UNBLOCK_MS = 1_000;
const UNBLOCK_PAUSE_MS = 5;

export interface LaneEntry {
  readonly entryId: string;
  readonly jobId: string;
}

export interface BlockingReads {
  /**
   * The next entry of the lane for `worker`. Undefined when the signal aborted, unless an entry came in the same
   * moment. Throws BUS_UNREACHABLE.
   */
  next(lane: string, worker: string, signal: AbortSignal): Promise<LaneEntry | undefined>;
  close(): Promise<void>;
}

/** `main` wakes the blocked ones; `open` makes one more connection for reading. */
export function createBlockingReads(main: Connection, open: () => Connection): BlockingReads {
  const all = new Set<Connection>();
  const idle: Connection[] = [];
  let closed = false;

  function take(): Connection {
    const connection = idle.pop() ?? open();
    all.add(connection);
    return connection;
  }

  return {
    async next(lane, worker, signal) {
      if (closed) throw unreachable(BUS_CLOSED);
      const connection = take();
      try {
        while (!signal.aborted) {
          const entry = await readOnce(main, connection, lane, worker, signal);
          if (entry !== undefined) return entry;
        }
        return undefined;
      } catch (error) {
        if (signal.aborted && isCode(error, 'BUS_UNREACHABLE')) return undefined;
        throw error;
      } finally {
        idle.push(connection);
      }
    },
    async close() {
      closed = true;
      await Promise.all([...all].map((connection) => connection.close()));
    },
  };
}

async function readOnce(
  main: Connection,
  connection: Connection,
  lane: string,
  worker: string,
  signal: AbortSignal,
): Promise<LaneEntry | undefined> {
  await connection.online(signal);
  if (signal.aborted) return undefined;
  const { redis } = connection;
  const clientId = redis.client('ID').catch(() => undefined);
  const over = new AbortController();
  const onAbort = (): void => void unblock(main, redis, clientId, over.signal);
  signal.addEventListener('abort', onAbort);
  try {
    const group = ['GROUP', LANE_GROUP, worker, 'COUNT', 1, 'BLOCK', BLOCK_MS] as const;
    return laneEntry(await redis.call('XREADGROUP', ...group, 'STREAMS', lane, '>'));
  } catch (error) {
    if (!isGroupMissing(error)) throw connection.explain(error);
    await createGroup(connection, lane);
    return undefined;
  } finally {
    over.abort();
    signal.removeEventListener('abort', onAbort);
  }
}

/** Makes the lane's group, from its first entry on; somebody else may have been faster. */
async function createGroup({ redis, explain }: Connection, lane: string): Promise<void> {
  try {
    await redis.xgroup('CREATE', lane, LANE_GROUP, '0', 'MKSTREAM');
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw explain(error);
  }
}

/** Ends a blocking read without losing what it may be about to answer. The read may not even have arrived yet. */
async function unblock(
  main: Connection,
  blocked: Redis,
  clientId: Promise<number | undefined>,
  over: AbortSignal,
): Promise<void> {
  const cut = setTimeout(() => blocked.disconnect(true), UNBLOCK_MS);
  over.addEventListener('abort', () => clearTimeout(cut));
  const id = await clientId;
  while (id !== undefined && !over.aborted) {
    try {
      await main.redis.client('UNBLOCK', id);
    } catch {
      return; // not permitted or not connected: the cut ends it
    }
    await sleep(UNBLOCK_PAUSE_MS, undefined, { signal: over }).catch(() => undefined);
  }
}

function laneEntry(reply: unknown): LaneEntry | undefined {
  if (reply === null) return undefined;
  const [stream] = asList(reply);
  const [entry] = asList(asList(stream)[1]);
  const [entryId, fields] = asList(entry);
  return { entryId: asText(entryId), jobId: asText(asList(fields)[1]) };
}

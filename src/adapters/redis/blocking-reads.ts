// Waiting for lane entries: the claims that a worker waits with share a connection that blocks in Redis, so that Redis
// hands out entries first come, first served, and several at once to who has room for them. Giving up wakes the
// connection through CLIENT UNBLOCK and so never strands an entry.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { isCode } from '../../domain/errors.js';
import { BUS_CLOSED, isGroupMissing, unreachable } from './bus-error.js';
import type { Connection } from './connection.js';
import { LANE_GROUP } from './keys.js';
import { type LaneEntry, laneEntries } from './lane-entries.js';
import { asList } from './reply.js';
import { createLine, handOut, hasGivenUp, join, type Line } from './waiting-line.js';

/** How long one read blocks before it is asked again: bounds what a half-dead connection can cost. */
export const BLOCK_MS = 5_000;
/** After this long without success in waking it, a blocked connection is cut. */
const UNBLOCK_MS = 1_000;
const UNBLOCK_PAUSE_MS = 5;

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
  const all = new Set<Reader>();
  const idle: Reader[] = [];
  const lines = new Map<string, Line>();
  let closed = false;

  function take(): Reader {
    const reader = idle.pop() ?? openReader(open());
    all.add(reader);
    return reader;
  }

  /**
   * Reads until nobody waits any more. Asks when all replies at hand have been seen to: those that they set free ask
   * together, and what they have to write goes first.
   */
  async function serve(key: string, line: Line): Promise<void> {
    const reader = take();
    try {
      for (;;) {
        await nextTurn();
        handOut(line, []);
        if (line.waiters.length === 0) return;
        handOut(line, await readOnce(main, reader, line));
      }
    } catch (error) {
      for (const { signal, settle, fail } of line.waiters) {
        if (signal.aborted && isCode(error, 'BUS_UNREACHABLE')) settle(undefined);
        else fail(error);
      }
    } finally {
      lines.delete(key);
      for (const signal of line.signals) signal.removeEventListener('abort', line.onAbort);
      idle.push(reader);
    }
  }

  return {
    next(lane, worker, signal) {
      if (closed) return Promise.reject(unreachable(BUS_CLOSED));
      if (signal.aborted) return Promise.resolve(undefined);
      const key = `${lane.length} ${lane} ${worker}`;
      let line = lines.get(key);
      if (line === undefined) {
        line = createLine(lane, worker);
        lines.set(key, line);
        void serve(key, line);
      }
      return join(line, signal);
    },
    async close() {
      closed = true;
      await Promise.all([...all].map(({ connection }) => connection.close()));
    },
  };
}

/** A connection for reading, and what it is called in Redis: asked once per connection, for nobody can while it blocks. */
interface Reader {
  readonly connection: Connection;
  clientId(): Promise<number | undefined>;
}

function openReader(connection: Connection): Reader {
  let id: Promise<number | undefined> | undefined;
  connection.redis.on('close', () => {
    id = undefined;
  });
  return {
    connection,
    clientId() {
      id ??= connection.redis.client('ID').catch(() => undefined);
      return id;
    },
  };
}

/** Empty when it was interrupted. */
async function readOnce(main: Connection, reader: Reader, line: Line): Promise<readonly LaneEntry[]> {
  const { connection } = reader;
  if (!connection.isReady() && !(await backOnline(connection, line))) return [];
  const id = reader.clientId(); // before the read, which may block
  if (hasGivenUp(line)) return [];
  let over: AbortController | undefined; // made when it is needed: most reads end by themselves
  line.interrupt = () => {
    over ??= interruptRead(main, connection.redis, id);
  };
  try {
    const group = [
      'GROUP',
      LANE_GROUP,
      line.worker,
      'COUNT',
      line.waiters.length,
      'BLOCK',
      BLOCK_MS,
    ] as const;
    const reply = await connection.redis.call('XREADGROUP', ...group, 'STREAMS', line.lane, '>');
    return reply === null ? [] : laneEntries(asList(asList(reply)[0])[1]);
  } catch (error) {
    if (!isGroupMissing(error)) throw connection.explain(error);
    await createGroup(connection, line.lane);
    return [];
  } finally {
    line.interrupt = undefined;
    over?.abort();
  }
}

/** False when it was interrupted. Throws BUS_UNREACHABLE. */
async function backOnline(connection: Connection, line: Line): Promise<boolean> {
  const interrupted = new AbortController();
  line.interrupt = () => interrupted.abort();
  try {
    await connection.online(interrupted.signal);
  } finally {
    line.interrupt = undefined;
  }
  return !interrupted.signal.aborted;
}

/** Makes the lane's group, from its first entry on; somebody else may have been faster. */
async function createGroup({ redis, explain }: Connection, lane: string): Promise<void> {
  try {
    await redis.xgroup('CREATE', lane, LANE_GROUP, '0', 'MKSTREAM');
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw explain(error);
  }
}

/** Ends a blocking read without losing what it may be about to answer, until what it gives is aborted. */
function interruptRead(main: Connection, blocked: Redis, id: Promise<number | undefined>): AbortController {
  const over = new AbortController();
  void unblock(main, blocked, id, over.signal);
  return over;
}

/** The read may not even have arrived yet: tells Redis again and again. */
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

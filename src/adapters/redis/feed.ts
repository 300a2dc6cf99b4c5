// Replay by XRANGE, live by the doorbell: one cursor, the id of the stream entry.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isCursor } from '../../domain/cursor.js';
import { AgenticoreError } from '../../domain/errors.js';
import type { Feed, FeedEntry, FeedName, FeedPage } from '../../ports/feed.js';
import type { Connection } from './connection.js';
import type { Doorbell } from './doorbell.js';
import type { Keys } from './keys.js';
import { asList, asText } from './reply.js';
import { runScript } from './scripts.js';

/** The feeds below `keys`. */
export function createFeed(connection: Connection, doorbell: Doorbell, keys: Keys): Feed {
  const keysOf = (feed: FeedName): readonly string[] =>
    feed.kind === 'fleet'
      ? [keys.fleet]
      : [keys.feed(feed.jobId), keys.view(feed.jobId), keys.ledger(feed.jobId)];
  const bell = (feed: FeedName): string =>
    feed.kind === 'fleet' ? keys.fleetBell : keys.jobBell(feed.jobId);
  /** Reads asked for but not sent yet. */
  const due = new Map<string, Promise<FeedPage>>();

  async function fetch(feed: FeedName, after: string, limit: number): Promise<FeedPage> {
    const reply = await connection.ask((redis) => runScript(redis, 'feed', keysOf(feed), [after, limit]));
    const [gap, entries] = asList(reply);
    return { entries: asList(entries).map((entry) => feedEntry(asList(entry))), gap: gap === '1' };
  }

  /**
   * One ring wakes all readers of a feed, and most of them stand at the same place: they share one read, and its page.
   * Nobody joins a read that was sent already: it may miss the very entry that was rung for.
   */
  function share(feed: FeedName, after: string, limit: number): Promise<FeedPage> {
    const place = `${bell(feed)} ${after} ${limit}`;
    const asked = due.get(place);
    if (asked) return asked;
    const page = nextTurn().then(() => {
      due.delete(place);
      return fetch(feed, after, limit);
    });
    due.set(place, page);
    return page;
  }

  return {
    async read(feed, after, limit) {
      if (after !== undefined && !isCursor(after)) throw new AgenticoreError('INVALID_REQUEST');
      return share(feed, after ?? '', limit);
    },
    watch: (feed, ring) => doorbell.watch(bell(feed), ring),
  };
}

function feedEntry([cursor, fields]: readonly unknown[]): FeedEntry {
  const [, kind, , type, , data, , jobId] = asList(fields);
  if (kind !== 'event' && kind !== 'message' && kind !== 'delta')
    throw new Error(`a feed holds a ${String(kind)}`);
  return { cursor: asText(cursor), kind, type: asText(type), data: withJob(asText(data), jobId) };
}

/** In the fleet stream each record names its job; the first one does so by itself. */
const withJob = (data: string, jobId: unknown): string =>
  jobId === undefined || data.startsWith('{"version":1,')
    ? data
    : `{"jobId":"${asText(jobId)}",${data.slice(1)}`;

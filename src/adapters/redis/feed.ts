// Replay by scripts that read the streams and ledgers, live by the doorbell: one cursor.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { compareCursors, isCursor } from '../../domain/cursor.js';
import { AgenticoreError } from '../../domain/errors.js';
import type { Feed, FeedEntry, FeedName, FeedPage } from '../../ports/feed.js';
import type { Connection } from './connection.js';
import type { Doorbell } from './doorbell.js';
import { readFleet } from './fleet-stream.js';
import type { Keys } from './keys.js';
import { readPacked } from './ledger-lines.js';
import { asList, asText } from './reply.js';
import { runScript } from './scripts.js';
import { parseStored } from './stored.js';

/** The feeds below `keys`. */
export function createFeed(connection: Connection, doorbell: Doorbell, keys: Keys): Feed {
  const bell = (feed: FeedName): string =>
    feed.kind === 'fleet' ? keys.fleetBell : keys.jobBell(feed.jobId);
  /** Reads asked for but not sent yet. */
  const due = new Map<string, Promise<FeedPage>>();

  async function fetch(feed: FeedName, after: string, limit: number): Promise<FeedPage> {
    if (feed.kind === 'fleet') return connection.ask((redis) => readFleet(redis, keys, after, limit));
    const ofJob = [keys.feed, keys.view, keys.ledger].map((key) => key(feed.jobId));
    return connection.ask(async (redis) => {
      const reply = await runScript(redis, 'feed', ofJob, [after, limit]);
      if (reply === 'packed') return packedPage(redis, keys, feed.jobId, after, limit);
      const [gap, found] = asList(reply);
      return { entries: asList(found).map((entry) => jobEntry(asList(entry))), gap: gap === '1' };
    });
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

/** What feed.lua would give, had it been able to read the ledger: of such a job nothing is kept but its events. */
async function packedPage(
  redis: Redis,
  keys: Keys,
  jobId: string,
  after: string,
  limit: number,
): Promise<FeedPage> {
  const { lines, mark } = await readPacked(redis, keys, jobId);
  const from = after === '' ? '0-0' : after;
  if (lines.length === 0) return { entries: [], gap: from !== '0-0' }; // removed meanwhile
  const entries: FeedEntry[] = [];
  for (const line of lines) {
    const [, cursor, record] = /^(\d+-\d+) (.*)$/s.exec(line) ?? [];
    if (cursor === undefined || compareCursors(cursor, from) <= 0) continue;
    if (entries.length < limit) entries.push(jobEntry([cursor, record]));
  }
  return { entries, gap: compareCursors(from, mark.cursor) < 0 };
}

function jobEntry([place, content]: readonly unknown[]): FeedEntry {
  const cursor = asText(place);
  if (typeof content === 'string')
    return { cursor, kind: 'event', type: typeOfRecord(cursor, content), data: content };
  const [, kind, , type, , data] = asList(content);
  if (kind !== 'message' && kind !== 'delta') throw new Error(`a feed holds a ${String(kind)}`);
  return { cursor, kind, type: asText(type), data: asText(data) };
}

const typeOfRecord = (cursor: string, record: string): string =>
  asText(parseStored<{ readonly type?: unknown }>(record, `a ledger, at ${cursor}`).type);

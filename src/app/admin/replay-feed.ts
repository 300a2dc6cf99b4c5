// A feed once more, as it was: every entry in order, at the pace at which it came or faster, up to where it stands now.
import type { Clock } from '../../ports/clock.js';
import type { Feed, FeedEntry, FeedName } from '../../ports/feed.js';

export type Replayed = { readonly kind: 'entry'; readonly entry: FeedEntry } | { readonly kind: 'gap' }; // what lay between the cursor and the next entry is no longer kept

export interface ReplayOptions {
  /** How many times as fast as recorded; undefined: without waiting. */
  readonly speed?: number;
  /** Cursor behind which to begin. */
  readonly after?: string;
  /** Versions of the first and last event to be shown, with what was said between them. */
  readonly from?: number;
  readonly to?: number;
}

const PAGE = 64;
/** Timers know no longer times than about 24 days. */
const LONGEST_SLEEP_MS = 86_400_000;

/** Yields what the feed holds at this moment; ends early when the signal aborts. */
export async function* replayFeed(
  { feed, clock }: { readonly feed: Feed; readonly clock: Clock },
  name: FeedName,
  { speed, after, from = 1, to = Number.POSITIVE_INFINITY }: ReplayOptions,
  signal: AbortSignal,
): AsyncGenerator<Replayed> {
  let began: { readonly at: number; readonly cursorMs: number } | undefined;
  let version = 0;
  let cursor = after;
  while (!signal.aborted) {
    const page = await feed.read(name, cursor, PAGE);
    if (page.gap && version + 1 >= from) yield { kind: 'gap' };
    for (const entry of page.entries) {
      cursor = entry.cursor;
      if (name.kind === 'job' && entry.kind === 'event') version = versionOf(entry);
      if (name.kind === 'job' && version < from) continue;
      if (speed !== undefined) {
        const cursorMs = Number(entry.cursor.split('-')[0]);
        began ??= { at: clock.now(), cursorMs };
        const dueAt = began.at + (cursorMs - began.cursorMs) / speed;
        while (dueAt > clock.now() && !signal.aborted)
          await clock.sleep(Math.min(dueAt - clock.now(), LONGEST_SLEEP_MS), signal);
      }
      if (signal.aborted) return;
      yield { kind: 'entry', entry };
      if (name.kind === 'job' && entry.kind === 'event' && version >= to) return;
    }
    if (page.entries.length < PAGE) return;
  }
}

function versionOf({ data }: FeedEntry): number {
  const record: { readonly version?: unknown } = JSON.parse(data);
  return typeof record.version === 'number' ? record.version : 0;
}

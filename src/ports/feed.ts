// What readers follow: a job's events and messages in one order, or all jobs' events. Replay, then live, one cursor.

/** Which stream: one job's feed, which the end of the job closes, or the fleet stream of every domain event. */
export type FeedName = { readonly kind: 'job'; readonly jobId: string } | { readonly kind: 'fleet' };

export interface FeedEntry {
  /** `<ms>-<n>`, strictly increasing within a feed: the SSE id. */
  readonly cursor: string;
  readonly kind: 'event' | 'message' | 'delta';
  readonly type: string;
  /** One line of JSON. Events: the ledger record (fleet stream: with `jobId`). Others: TranscriptEntry.data. */
  readonly data: string;
}

export interface FeedPage {
  readonly entries: readonly FeedEntry[];
  /** Where to read on, when that is behind the last entry: what lay between is no longer kept. */
  readonly reached?: string;
  /** Entries between the cursor asked for and the first one returned are no longer kept. */
  readonly gap: boolean;
}

/** `read` and `watch` throw BUS_UNREACHABLE when the bus does not answer. */
export interface Feed {
  /** Up to `limit` entries after the cursor (from the start when undefined). Never blocks. */
  read(feed: FeedName, after: string | undefined, limit: number): Promise<FeedPage>;
  /**
   * Calls `ring` whenever the feed may have grown, and once after a lost connection came back; may ring for nothing.
   * Active when it resolves; the function it resolves to ends it.
   */
  watch(feed: FeedName, ring: () => void): Promise<() => void>;
}

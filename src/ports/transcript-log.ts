// The evidence: what claude said during an attempt, in order.

export interface TranscriptEntry {
  /** 1, 2, 3 ... within the attempt; entries at or below the last one stored are dropped as duplicates. */
  readonly seq: number;
  /** `message`: complete, evidence. `delta`: a coalesced piece for live readers, no evidence. */
  readonly kind: 'message' | 'delta';
  /** The message's own type (`assistant`, `user`, `result`, ...), or `delta`. Names the SSE event. */
  readonly type: string;
  /** One line of JSON for the feed: the frame as readers get it. At most about INLINE_LIMIT_BYTES. */
  readonly data: string;
  /** The whole message as one line of JSON, when `data` is only a preview of it. */
  readonly whole?: string;
}

/** Every method throws BUS_UNREACHABLE when the bus does not answer. */
export interface TranscriptLog {
  /** Appends in order. `stale`: the attempt is not the job's current running one, nothing was written. */
  append(jobId: string, attempt: number, entries: readonly TranscriptEntry[]): Promise<'appended' | 'stale'>;
  /** A message kept aside, whole; undefined when there is none. */
  whole(jobId: string, attempt: number, seq: number): Promise<string | undefined>;
}

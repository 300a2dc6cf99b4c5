// Who is alive: the workers of the fleet, by heartbeat; and the one thing that may be asked of each, to drain.
export interface WorkerRecord {
  readonly worker: string;
  readonly host: string;
  readonly version: string;
  readonly slots: number;
  readonly running: readonly string[]; // job ids
  readonly draining: boolean;
  readonly startedAt: number; // epoch milliseconds
  readonly seenAt: number;
}

/** What the fleet asks of a worker. */
export interface WorkerOrders {
  readonly drain: boolean;
}

/** Every method throws BUS_UNREACHABLE when the bus does not answer. */
export interface Registry {
  /** Announces or refreshes a worker; it counts as alive for `ttlMs`. */
  beat(record: WorkerRecord, ttlMs: number): Promise<WorkerOrders>;
  /** Those whose heartbeat has not lapsed. */
  list(): Promise<readonly WorkerRecord[]>;
  /** Asks a worker to drain: its next beat says so. False when no living worker has this name. */
  askToDrain(worker: string): Promise<boolean>;
  /**
   * Calls `ring` when something is asked of the worker, so that it beats at once; may ring for nothing. Active when
   * it resolves; the function it resolves to ends it.
   */
  watch(worker: string, ring: () => void): Promise<() => void>;
  /** Forgets a worker, and what was asked of it. */
  leave(worker: string): Promise<void>;
}

// Who is alive: the workers of the fleet, by heartbeat.
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

/** Every method throws BUS_UNREACHABLE when the bus does not answer. */
export interface Registry {
  /** Announces or refreshes a worker; it counts as alive for `ttlMs`. */
  beat(record: WorkerRecord, ttlMs: number): Promise<void>;
  /** Those whose heartbeat has not lapsed. */
  list(): Promise<readonly WorkerRecord[]>;
  leave(worker: string): Promise<void>;
}

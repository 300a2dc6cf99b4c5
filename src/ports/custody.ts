// What only the keeper of the bus does: looks at what is behind the other ports, and sets it right.

/** How a lane stands at one moment; `length` = `waiting` + `running`. */
export interface LaneReport {
  readonly lane: string;
  readonly length: number;
  readonly waiting: number;
  readonly running: number;
  /** When the entry that waits longest was put there, in epoch milliseconds; undefined when none waits. */
  readonly oldestAt: number | undefined;
  /** Workers that have claimed from it. */
  readonly consumers: number;
  /** Entries that nobody has been given yet, as the bus itself counts them; undefined when it does not know. */
  readonly lag: number | undefined;
}

/** A lane entry in some worker's hands. */
export interface PendingEntry {
  readonly lane: string;
  readonly jobId: string;
  readonly worker: string;
  /** Since the claim was made or last extended. */
  readonly idleMs: number;
  /** How often it was handed out. */
  readonly deliveries: number;
}

/** Every method throws BUS_UNREACHABLE when the bus does not answer; those that write, BUS_LOCKED on a bus that was opened for reading. */
export interface Custody {
  /** Every lane that has held an entry, by name. */
  lanes(): Promise<readonly LaneReport[]>;
  /** How many jobs wait for their time. */
  delayed(): Promise<number>;
  /** What is claimed, the longest idle first. */
  pending(): Promise<readonly PendingEntry[]>;
  /**
   * Takes entries that were idle for at least `minIdleMs` out of their workers' hands and puts them back as new, for
   * anybody. Their workers find their claims lost. Resolves with what was taken.
   */
  steal(minIdleMs: number): Promise<readonly PendingEntry[]>;
  /** The ids of all jobs that have a ledger, each once, in no particular order. */
  jobIds(): AsyncIterable<string>;
}

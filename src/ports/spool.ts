// Where the messages of an attempt wait on this host's disk while the bus is away, in order, until they are forwarded.
import type { TranscriptEntry } from './transcript-log.js';

export interface SpoolName {
  readonly jobId: string;
  readonly attempt: number;
}

/** The spool of one attempt. It is on the disk from its first entry on, and survives its process. */
export interface Spool {
  /** What it takes on the disk; entries already forwarded count until the spool is removed. */
  readonly bytes: number;
  /** True when `next` has something to give. */
  readonly isWaiting: boolean;
  /** Puts entries behind the others; they survive a loss of power when it resolves. Rejects when the disk refuses. */
  append(entries: readonly TranscriptEntry[]): Promise<void>;
  /** The oldest entries not passed yet, about 1 MiB of them; empty when there is none. The same until `pass`. Rejects when the file was damaged. */
  next(): Promise<readonly TranscriptEntry[]>;
  /** Those that `next` gave last are on the bus. */
  pass(): void;
  /** Forgets the spool: everything in it is on the bus. */
  remove(): Promise<void>;
  /** Keeps it beside the job's session as evidence that never reached the bus, until the job is removed. */
  keepAsStale(): Promise<void>;
  /** Gives the file back to the system; what waits in it stays for the next process. */
  close(): Promise<void>;
}

export interface Spools {
  /** The spool of an attempt: what an earlier process left in it, or an empty one, which touches no disk. */
  open(name: SpoolName): Spool;
  /** The spools on this host that wait to be forwarded, those marked stale left out; all, or those of one job. */
  left(jobId?: string): Promise<readonly SpoolName[]>;
}

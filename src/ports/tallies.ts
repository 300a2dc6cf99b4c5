// How often something was done, counted for the whole fleet in windows of time: tries of strangers, requests of callers.

export interface Tally {
  /** How many there were in the window, this one included. */
  readonly count: number;
  /** When the window ends, which began with the first of them. */
  readonly leftMs: number;
}

export interface Tallies {
  /** Counts one more of `what`, which may be any text. Throws BUS_UNREACHABLE when the bus does not answer. */
  count(what: string, windowMs: number): Promise<Tally>;
}

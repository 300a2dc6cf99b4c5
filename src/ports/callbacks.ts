// Whose end is to be told, and when. Put there and taken away by the transitions of the event log; here they are taken
// up, by one process at a time.

/** Every method throws BUS_UNREACHABLE when the bus does not answer. */
export interface Callbacks {
  /**
   * Up to `limit` jobs whose callback is due by `now`, the longest overdue first. Until `heldUntil` they are given to
   * nobody else, unless a transition says that they are due again. Safe from any process.
   */
  take(now: number, limit: number, heldUntil: number): Promise<readonly string[]>;
  /** How many are due, now or later. */
  count(): Promise<number>;
}

// Which model credentials have reached their usage limit, known to the whole fleet: one breaker for each. A credential
// is named by its fingerprint; what it is stays with the worker.

export type Passage =
  | { readonly kind: 'closed' } // nothing is known against it
  /** The limit should be over and nobody knows yet: this one may find out; for a while the others are not let through. */
  | { readonly kind: 'probe'; readonly probe: string }
  | { readonly kind: 'open'; readonly until: number }; // epoch milliseconds

/** Every method throws BUS_UNREACHABLE when the bus does not answer. */
export interface Breaker {
  /** Opens it until then (epoch milliseconds); a time before the one known changes nothing. */
  open(credential: string, until: number): Promise<void>;
  /** Asks to pass. After `until` one is let through as a probe each `probeMs`, until one closes it or it opens again. */
  pass(credential: string, probeMs: number): Promise<Passage>;
  /**
   * The limit is over, as this probe found out, however long that took it and however many were let through meanwhile.
   * Does nothing when an opening came after it.
   */
  close(credential: string, probe: string): Promise<void>;
  /** Until when it is open; undefined when anybody may pass, or probe. Changes nothing. */
  openUntil(credential: string): Promise<number | undefined>;
}

// The stays of MCP clients: what a client has told one process of the fleet and another must know. The protocol calls
// them sessions, a word that belongs to Claude here.

export interface Visit {
  /** Whose it is; nobody else's requests belong to it. */
  readonly caller: string;
  /** Addresses of the resources whose changes the client wants to hear of. */
  readonly followed: readonly string[];
}

/** Ids and addresses may be any text. Every method throws BUS_UNREACHABLE when the bus does not answer. */
export interface Visits {
  /** Begins one, which ends by itself when `find` has not been called for `ttlMs`. */
  begin(id: string, caller: string, ttlMs: number): Promise<void>;
  /** Prolongs it. Undefined when it has ended, or never was. */
  find(id: string, ttlMs: number): Promise<Visit | undefined>;
  /** Rings the watchers of the visit. Does nothing when it has ended. */
  follow(id: string, address: string): Promise<void>;
  unfollow(id: string, address: string): Promise<void>;
  /** Remembers for `ttlMs` that the client no longer wants the answer to a request, and rings. */
  callOff(id: string, request: string, ttlMs: number): Promise<void>;
  isCalledOff(id: string, request: string): Promise<boolean>;
  /** Rings the watchers. */
  end(id: string): Promise<void>;
  /**
   * Calls `ring` when something of the above has happened; may ring for nothing. Active when it resolves; the function it
   * resolves to ends it.
   */
  watch(id: string, ring: () => void): Promise<() => void>;
}

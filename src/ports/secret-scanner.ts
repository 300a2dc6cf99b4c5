// Who finds secrets in what is about to leave the house.

export interface FoundSecret {
  /** It is one of this server: given at its start, or learned since. */
  readonly isOwn: boolean;
  /** In words; never the secret. */
  readonly what: string;
  /** Undefined where lines mean nothing, in binary data. */
  readonly line: number | undefined;
  /** The secret itself: to be compared with what is known, and shown to nobody. */
  readonly text: string;
}

export interface SecretScanner {
  /**
   * The server's own secrets and, unless `ownOnly`, whatever has the form of some service's secret. Others get to work
   * in between.
   */
  scan(bytes: Uint8Array, ownOnly: boolean, signal: AbortSignal): Promise<readonly FoundSecret[]>;
}

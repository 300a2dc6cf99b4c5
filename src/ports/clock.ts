// Time and chance, as parameters of everything that would otherwise be impossible to repeat.
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** 0 <= x < 1. */
  random(): number;
  /** Resolves after `ms`, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

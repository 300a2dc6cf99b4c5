// How a contract suite gets at a bus: each case opens its own, so that cases cannot disturb each other.
import { test } from 'node:test';
import type { Bus } from '../../../src/ports/bus.js';

export interface BusUnderTest {
  readonly bus: Bus;
  /**
   * The same bus as the next process sees it: files closed and opened again, or a second connection to the same
   * Redis. Afterwards only the newest one is used.
   */
  reopen(): Promise<Bus>;
  /** Closes everything that was opened, and forgets the data. */
  close(): Promise<void>;
}

export interface BusOptions {
  readonly leaseMs: number;
  readonly maxPerRepo?: number;
}

/** Opens an empty bus. */
export type OpenBus = (options: BusOptions) => Promise<BusUnderTest>;

export type BusCase = (
  sentence: string,
  body: (under: BusUnderTest) => Promise<void>,
  options?: Partial<BusOptions>,
) => void;

/** A lease that no case outlives. */
const LONG_LEASE_MS = 10 * 60_000;

/** `test`, with a bus of its own for each case. */
export const busCase =
  (open: OpenBus): BusCase =>
  (sentence, body, options = {}) => {
    test(sentence, { timeout: 60_000 }, async () => {
      const under = await open({ leaseMs: LONG_LEASE_MS, ...options });
      try {
        await body(under);
      } finally {
        await under.close();
      }
    });
  };

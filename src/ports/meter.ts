// How every room tells what can be counted, without knowing who counts. The table of it all is domain/metrics.
import type { CounterName, GaugeName, HistogramName, Labels } from '../domain/metrics.js';

export interface Meter {
  /** `by` is negative only for what goes up and down. */
  add<N extends CounterName>(name: N, labels: Labels<N>, by?: number): void;
  record<N extends HistogramName>(name: N, labels: Labels<N>, value: number): void;
  /** Runs `body` and records how long it took, in seconds. */
  time<N extends HistogramName, T>(name: N, labels: Labels<N>, body: () => T): T;
}

/** What stands at one number when somebody looks. */
export interface Reading {
  readonly name: GaugeName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

// Order statistics of a sample.

/** The q-quantile (0..1) by the nearest rank; NaN for an empty sample. */
export function percentile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

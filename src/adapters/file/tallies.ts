// Tallies of one process, in memory: who could start the server anew to be forgotten need not be counted.
import type { Tallies } from '../../ports/tallies.js';
import type { BusState } from './memory/bus-state.js';

/** How often those whose windows are over are put away. */
const SWEEP_MS = 60_000;

interface Kept {
  readonly until: number;
  readonly count: number;
}

export function createTallies({ now, assertWritable }: Pick<BusState, 'now' | 'assertWritable'>): Tallies {
  const tallies = new Map<string, Kept>();
  let sweepAt = 0;

  function sweep(at: number): void {
    if (at < sweepAt) return;
    sweepAt = at + SWEEP_MS;
    for (const [what, { until }] of tallies) if (until <= at) tallies.delete(what);
  }

  return {
    async count(what, windowMs) {
      assertWritable();
      const at = now();
      sweep(at);
      const kept = tallies.get(what);
      const { until, count } = kept && kept.until > at ? kept : { until: at + windowMs, count: 0 };
      tallies.set(what, { until, count: count + 1 });
      return { count: count + 1, leftMs: until - at };
    },
  };
}

// The grants of one process, on disk. Tries are counted in memory: who could start the server anew to be forgotten needs
// no tries.
import type { Grants } from '../../ports/grants.js';
import type { KeptValue, ValueFile } from './disk/value-file.js';
import type { BusState } from './memory/bus-state.js';

interface Tally {
  readonly until: number;
  readonly count: number;
}

/** The grants in `file`. */
export function createGrants(
  { serial, now, assertWritable }: Pick<BusState, 'serial' | 'now' | 'assertWritable'>,
  file: ValueFile,
): Grants {
  const tallies = new Map<string, Tally>();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> =>
    serial.run('grants', async () => {
      assertWritable();
      return work();
    });
  const put = (kept: KeptValue): Promise<void> => inTurn(() => file.put(kept));

  return {
    find: async (kind, id) => file.get(kind, id) as string | undefined,
    put: (kind, id, value, ttlMs) => put({ kind, id, value, until: now() + ttlMs }),
    replace: (kind, id, before, value, ttlMs) =>
      inTurn(async () => {
        if (file.get(kind, id) !== before) return false;
        await file.put({ kind, id, value, until: now() + ttlMs });
        return true;
      }),
    remove: (kind, id) => put({ kind, id }),
    async count(what, windowMs) {
      assertWritable();
      for (const [other, { until }] of tallies) if (until <= now()) tallies.delete(other);
      const { until, count } = tallies.get(what) ?? { until: now() + windowMs, count: 0 };
      tallies.set(what, { until, count: count + 1 });
      return count + 1;
    },
  };
}

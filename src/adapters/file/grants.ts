// The grants of one process, on disk.
import type { Grants } from '../../ports/grants.js';
import type { KeptValue, ValueFile } from './disk/value-file.js';
import type { BusState } from './memory/bus-state.js';

/** The grants in `file`. */
export function createGrants(
  { serial, now, assertWritable }: Pick<BusState, 'serial' | 'now' | 'assertWritable'>,
  file: ValueFile,
): Grants {
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
  };
}

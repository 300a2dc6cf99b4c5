// The callbacks that the one process of a file bus has to make.
import type { Callbacks } from '../../ports/callbacks.js';
import type { BusState } from './memory/bus-state.js';

/** The callbacks of the jobs of `state`. */
export const createCallbacks = ({
  callbacks,
  assertWritable,
}: Pick<BusState, 'callbacks' | 'assertWritable'>): Callbacks => ({
  async take(now, limit, heldUntil) {
    assertWritable();
    return callbacks.take(now, limit, heldUntil);
  },
  count: async () => callbacks.count(),
});

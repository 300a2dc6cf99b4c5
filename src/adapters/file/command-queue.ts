// Claims over the lanes in memory. One process holds the bus, so a claim is an object and a lease a deadline.
import type { CommandQueue } from '../../ports/command-queue.js';
import type { BusState } from './memory/bus-state.js';

/** The command queue over the lanes of `state`; it throws BUS_UNREACHABLE after close. */
export function createCommandQueue({ lanes, leases, now, assertWritable }: BusState): CommandQueue {
  return {
    async claim(lane, _worker, signal) {
      assertWritable();
      const claim = await lanes.claim(lane, signal);
      if (claim === undefined && !signal.aborted) assertWritable(); // woken by the close
      return claim;
    },
    async reclaim(lane, _worker, limit) {
      assertWritable();
      return lanes.reclaim(lane, limit);
    },
    holdDirect: (jobId, attempt) => ({
      jobId,
      async extend() {
        assertWritable();
        return leases.extend(jobId, attempt);
      },
    }),
    async lapsedDirect(limit) {
      assertWritable();
      return leases.lapsed(limit);
    },
    async promoteDue(limit) {
      assertWritable();
      return lanes.promoteDue(now(), limit);
    },
    async depth(lane) {
      return lanes.depth(lane);
    },
    forgetDead: async () => 0, // its lanes know no names
  };
}

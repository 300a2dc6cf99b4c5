// Visits of MCP clients to one process: who stays, and what they follow, is on disk, so that a restart ends nobody's; a
// request ends with its process, and so does the word that it is called off.
import type { Visit, Visits } from '../../ports/visits.js';
import type { KeptValue, ValueFile } from './disk/value-file.js';
import type { BusState } from './memory/bus-state.js';

interface KeptVisit extends Visit {
  readonly ttlMs: number;
  /** Since when its time runs, in epoch milliseconds. */
  readonly since: number;
}

/** By so much of its time a visit may end early, for the disk's sake: it is not written at every request. */
const SPARED = 1 / 4;

/** The visits in `file`. */
export function createVisits({ bells, serial, now, assertWritable }: BusState, file: ValueFile): Visits {
  /** Until when each request counts as called off. */
  const calledOff = new Map<string, number>();

  const kept = (id: string): KeptVisit | undefined => file.get('visit', id) as KeptVisit | undefined;
  const ring = (id: string): void => bells.ring({ kind: 'visit', id });

  function put(id: string, change: (before: KeptVisit | undefined) => KeptVisit | undefined): Promise<void> {
    return serial.run('visits', async () => {
      assertWritable();
      const before = kept(id);
      const value = change(before);
      if (value === before) return;
      const forgotten: KeptValue = { kind: 'visit', id };
      await file.put(value ? { ...forgotten, value, until: value.since + value.ttlMs } : forgotten);
      ring(id);
    });
  }

  return {
    begin: (id, caller, ttlMs) => put(id, () => ({ caller, followed: [], ttlMs, since: now() })),
    async find(id, ttlMs) {
      const visit = kept(id);
      if (visit === undefined) return undefined;
      const since = now();
      const left = visit.since + visit.ttlMs - since;
      if (left < ttlMs * (1 - SPARED)) await put(id, (before) => before && { ...before, ttlMs, since });
      return { caller: visit.caller, followed: visit.followed };
    },
    follow: (id, address) =>
      put(id, (before) =>
        before === undefined || before.followed.includes(address)
          ? before
          : { ...before, followed: [...before.followed, address] },
      ),
    unfollow: (id, address) =>
      put(id, (before) =>
        before?.followed.includes(address)
          ? { ...before, followed: before.followed.filter((one) => one !== address) }
          : before,
      ),
    async callOff(id, request, ttlMs) {
      assertWritable();
      for (const [key, until] of calledOff) if (until <= now()) calledOff.delete(key);
      calledOff.set(JSON.stringify([id, request]), now() + ttlMs);
      ring(id);
    },
    isCalledOff: async (id, request) => (calledOff.get(JSON.stringify([id, request])) ?? 0) > now(),
    end: (id) => put(id, () => undefined),
    watch: async (id, onRing) => bells.hang({ kind: 'visit', id }, onRing),
  };
}

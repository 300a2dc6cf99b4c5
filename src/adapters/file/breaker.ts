// The breakers of one process. A server that starts anew learns of a limit from its first attempt.
import type { Breaker } from '../../ports/breaker.js';
import type { BusState } from './memory/bus-state.js';

/** The breakers, in memory; they throw BUS_UNREACHABLE after close. */
export function createBreaker({ now, assertWritable }: Pick<BusState, 'now' | 'assertWritable'>): Breaker {
  /** Until when, and the opening that it goes back to: a probe moves the first only. */
  const open = new Map<string, { readonly until: number; readonly opening: number }>();
  return {
    async open(credential, until) {
      assertWritable();
      if (until > (open.get(credential)?.until ?? 0)) open.set(credential, { until, opening: until });
    },
    async pass(credential, probeMs) {
      assertWritable();
      const known = open.get(credential);
      if (known === undefined) return { kind: 'closed' };
      const { until, opening } = known;
      if (until > now()) return { kind: 'open', until };
      open.set(credential, { until: now() + probeMs, opening });
      return { kind: 'probe', probe: String(opening) };
    },
    async close(credential, probe) {
      assertWritable();
      if (String(open.get(credential)?.opening) === probe) open.delete(credential);
    },
    async openUntil(credential) {
      const until = open.get(credential)?.until;
      return until !== undefined && until > now() ? until : undefined;
    },
  };
}

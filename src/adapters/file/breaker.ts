// The breakers of one process. A server that starts anew learns of a limit from its first attempt.
import type { Breaker } from '../../ports/breaker.js';
import type { BusState } from './memory/bus-state.js';

/** The breakers, in memory; they throw BUS_UNREACHABLE after close. */
export function createBreaker({ now, assertWritable }: Pick<BusState, 'now' | 'assertWritable'>): Breaker {
  const open = new Map<string, number>();
  return {
    async open(credential, until) {
      assertWritable();
      open.set(credential, Math.max(until, open.get(credential) ?? 0));
    },
    async pass(credential, probeMs) {
      assertWritable();
      const until = open.get(credential);
      if (until === undefined) return { kind: 'closed' };
      if (until > now()) return { kind: 'open', until };
      const probe = now() + probeMs;
      open.set(credential, probe);
      return { kind: 'probe', probe: String(probe) };
    },
    async close(credential, probe) {
      assertWritable();
      if (String(open.get(credential)) === probe) open.delete(credential);
    },
    async openUntil(credential) {
      const until = open.get(credential);
      return until !== undefined && until > now() ? until : undefined;
    },
  };
}

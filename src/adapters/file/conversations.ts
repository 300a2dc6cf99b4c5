// Conversations of one process: where they stand and what is shown in them is on disk; whose turn it is only in memory,
// for turns end with their process.
import type { Visibility } from '../../domain/visibility.js';
import type { Conversation, Conversations } from '../../ports/conversations.js';
import type { KeptValue, ValueFile } from './disk/value-file.js';
import type { BusState } from './memory/bus-state.js';

interface Turn {
  readonly holder: string;
  /** On the lease clock. */
  readonly until: number;
}

/** The conversations in `file`. `leaseNow`: a clock that only goes forward. */
export function createConversations(
  { bells, serial, now, assertWritable }: BusState,
  file: ValueFile,
  leaseNow: () => number = () => performance.now(),
): Conversations {
  const turns = new Map<string, Turn>();

  function put(kept: KeptValue): Promise<void> {
    return serial.run('conversations', async () => {
      assertWritable();
      await file.put(kept);
    });
  }

  const until = (ttlMs: number | undefined): Pick<KeptValue, 'until'> =>
    ttlMs === undefined ? {} : { until: now() + ttlMs };

  function holderOf(id: string): string | undefined {
    const turn = turns.get(id);
    if (turn === undefined || turn.until > leaseNow()) return turn?.holder;
    turns.delete(id);
    return undefined;
  }

  function hold(id: string, holder: string, leaseMs: number): true {
    turns.set(id, { holder, until: leaseNow() + leaseMs });
    return true;
  }

  return {
    find: async (id) => file.get('conversation', id) as Conversation | undefined,
    save: (id, value, ttlMs) => put({ kind: 'conversation', id, value, ...until(ttlMs) }),
    forget: (id) => put({ kind: 'conversation', id }),
    visibility: async (scope) => file.get('visibility', scope) as Visibility | undefined,
    setVisibility: (id, value, ttlMs) => put({ kind: 'visibility', id, value, ...until(ttlMs) }),
    async takeTurn(id, holder, leaseMs) {
      assertWritable();
      return (holderOf(id) ?? holder) === holder && hold(id, holder, leaseMs);
    },
    async extendTurn(id, holder, leaseMs) {
      assertWritable();
      return holderOf(id) === holder && hold(id, holder, leaseMs);
    },
    async endTurn(id, holder) {
      assertWritable();
      if (holderOf(id) !== holder) return;
      turns.delete(id);
      bells.ring({ kind: 'turn', id });
    },
    holder: async (id) => holderOf(id),
    watchTurn: async (id, ring) => bells.hang({ kind: 'turn', id }, ring),
  };
}

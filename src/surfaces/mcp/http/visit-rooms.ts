// The visits that this process serves: found by their ids, a bounded number, the idle ones put away.
import { AgenticoreError, messageOf } from '../../../domain/errors.js';
import type { McpLimits } from '../mcp-deps.js';
import { openRoom, reopenRoom, type VisitDeps, type VisitRoom } from './visit-room.js';

const SWEEP_MS = 60_000;
const MOST_ID_CHARACTERS = 128;

interface Kept {
  readonly room: Promise<VisitRoom>;
  /** Requests and streams that are open. */
  open: number;
  seenAt: number;
}

export interface VisitRooms {
  /** Begins a visit and runs `body` in its room. Throws MCP_BUSY when there is no place for one more. */
  begin<T>(caller: string, body: (room: VisitRoom) => Promise<T>): Promise<T>;
  /** Runs `body` in the room of a visit; undefined when the caller has none of this id. */
  during<T>(id: string, caller: string, body: (room: VisitRoom) => Promise<T>): Promise<T | undefined>;
  /** Ends a visit everywhere. False when the caller has none of this id. */
  end(id: string, caller: string): Promise<boolean>;
}

/** No room yet. When `closing` aborts, streams end; requests are still answered. */
export function createVisitRooms(
  deps: VisitDeps,
  { maxVisits, idleMs, visitTtlMs }: McpLimits,
  {
    newId,
    now,
    closing,
  }: { readonly newId: () => string; readonly now: () => number; readonly closing: AbortSignal },
): VisitRooms {
  const { visits, log } = deps;
  const rooms = new Map<string, Kept>();

  function makePlace(): void {
    if (rooms.size < maxVisits) return;
    const idle = [...rooms.values()].filter(({ open }) => open === 0);
    const oldest = idle.reduce<Kept | undefined>(
      (old, kept) => (old !== undefined && old.seenAt <= kept.seenAt ? old : kept),
      undefined,
    );
    if (oldest === undefined) throw new AgenticoreError('MCP_BUSY');
    putAway(oldest);
  }

  function putAway({ room }: Kept): void {
    room.then((opened) => opened.close()).catch(() => {}); // it never opened
  }

  function keep(id: string, open: (onClosed: () => void) => Promise<VisitRoom>): Kept {
    const forget = (): void => {
      if (rooms.get(id) === kept) rooms.delete(id);
    };
    const kept: Kept = { room: open(forget), open: 0, seenAt: now() };
    kept.room.catch(forget);
    rooms.set(id, kept);
    return kept;
  }

  async function use<T>(kept: Kept, body: (room: VisitRoom) => Promise<T>): Promise<T> {
    kept.open += 1;
    try {
      return await body(await kept.room);
    } finally {
      kept.open -= 1;
      kept.seenAt = now();
    }
  }

  /** Rooms that nobody uses go; visits whose stream is open go on. */
  function sweep(): void {
    for (const [id, kept] of rooms) {
      if (kept.open === 0 && now() - kept.seenAt > idleMs) putAway(kept);
      if (kept.open > 0)
        visits.find(id, visitTtlMs).catch((error: unknown) => {
          log('mcp.visit_failed', { visit: id, error: messageOf(error) }, 'warn');
        });
    }
  }

  const sweeping = setInterval(sweep, SWEEP_MS);
  sweeping.unref();
  closing.addEventListener(
    'abort',
    () => {
      clearInterval(sweeping);
      for (const { room } of rooms.values()) room.then((opened) => opened.endStream()).catch(() => {}); // it never opened
    },
    { once: true },
  );

  const visitOf = async (id: string, caller: string) => {
    const visit = id.length > MOST_ID_CHARACTERS ? undefined : await visits.find(id, visitTtlMs);
    return visit?.caller === caller ? visit : undefined;
  };

  return {
    async begin(caller, body) {
      makePlace();
      const id = newId();
      const kept = keep(id, async (onClosed) => {
        await visits.begin(id, caller, visitTtlMs);
        return openRoom(deps, { id, caller }, onClosed);
      });
      return use(kept, body);
    },
    async during(id, caller, body) {
      const visit = await visitOf(id, caller);
      if (visit === undefined) return undefined;
      if (!rooms.has(id)) makePlace();
      const kept = rooms.get(id) ?? keep(id, (onClosed) => reopenRoom(deps, { id, caller }, onClosed));
      return use(kept, body);
    },
    async end(id, caller) {
      const visit = await visitOf(id, caller);
      if (visit === undefined) return false;
      await visits.end(id);
      const kept = rooms.get(id);
      if (kept) putAway(kept);
      return true;
    },
  };
}

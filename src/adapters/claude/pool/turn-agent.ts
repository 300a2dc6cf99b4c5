// Claude as a partner in conversations. A turn goes to the process that its conversation keeps; to a new one that goes
// on with the conversation's session; or to one that was started ahead and is told what was said before. A process
// whose memory is not exactly that of its conversation is never used again.
import { AgenticoreError } from '../../../domain/errors.js';
import type { TurnAgent, TurnEnd, TurnListener, TurnOrder } from '../../../ports/turn-agent.js';
import { residentBytes } from '../../host/process-table.js';
import { systemClock } from '../../host/system-clock.js';
import { within } from '../../host/within.js';
import { createJudge, type Ending } from '../listen/judge.js';
import { driveTurn } from './drive-turn.js';
import { findSeat, keptBy, type Seat, type SeatDeps } from './find-seat.js';
import { asTurnEnd } from './hear-turn.js';
import { createPlaces, type Place } from './places.js';
import { MAX_AGE_MS, MAX_RSS_BYTES, MAX_TURNS, type PoolDeps } from './pool-deps.js';
import { type PoolProcess, startProcess } from './pool-process.js';
import { createStartGate } from './start-gate.js';
import { createStock } from './stock.js';
import { startTurnClock, type TurnClock } from './turn-clock.js';

/** Whoever takes longer to start does so beside others. */
const STARTING_MS = 10_000;
/** Sessions of long ago are not asked for again. */
const SPOILT_KEPT = 1000;

/** A turn agent that is a pool of Claude Code processes; none is started before `prepare` or the first turn. */
export function createTurnAgent(deps: PoolDeps): TurnAgent {
  const { log, clock = systemClock, maxProcesses, idleMs, maxAgeMs = MAX_AGE_MS } = deps;
  const closing = new AbortController();
  const gate = createStartGate();
  const conversations = new Set<string>();
  const turns = new Map<TurnClock, Promise<TurnEnd>>();
  const spoiltSessions = new Set<string>();

  const starterOf: SeatDeps['starterOf'] =
    (launch, resume) =>
    async ({ isUrgent, mayBegin, onSpoilt }) => {
      const leaveGate = await gate.enter(isUrgent);
      try {
        if (!mayBegin()) throw new AgenticoreError('CLAUDE_CRASHED', 'claude is not needed any more.');
        const process = await startProcess({ ...deps, clock }, { launch, resume, onSpoilt });
        void within(STARTING_MS, process.ready).then(leaveGate);
        return process;
      } catch (error) {
        leaveGate();
        throw error;
      }
    };
  const places = createPlaces({
    ...{ clock, log, maxProcesses, idleMs, maxAgeMs },
    onChange: (change) => (change === 'warm_lost' ? stock.lost() : stock.refill()),
  });
  const stock = createStock({ clock, log, places, starterOf, closing: closing.signal });
  const seats: SeatDeps = { clock, log, maxAgeMs, places, stock, starterOf, spoiltSessions };

  async function run(order: TurnOrder, listener: TurnListener, limit: TurnClock): Promise<TurnEnd> {
    const goAhead = stock.standBack();
    try {
      for (;;) {
        if (limit.signal.aborted) return judgeUnstarted(limit);
        const seat = await findSeat(seats, order, limit.signal);
        if (seat === undefined) return judgeUnstarted(limit);
        const running = await arrive(seat.place, limit);
        if ('kind' in running) {
          void places.clear(seat.place);
          return judgeUnstarted(limit, running);
        }
        const end = await serve(order, listener, { ...seat, running }, limit, goAhead);
        // It had died while nobody looked, or its session is of no use: another takes the turn.
        if (end !== 'unheard') return end;
      }
    } finally {
      goAhead();
    }
  }

  async function serve(
    order: TurnOrder,
    listener: TurnListener,
    { place, running, process, memory }: Seat & { readonly running: PoolProcess },
    limit: TurnClock,
    onAnswer: () => void,
  ): Promise<TurnEnd | 'unheard'> {
    const { sessionId, transcript, claude } = running;
    log('pool.turn_seated', { turn: order.turn, pid: claude.pid, process, memory }, 'debug');
    const start = {
      ...{ pid: claude.pid, sessionId, process, memory },
      ...(transcript === undefined ? {} : { transcript }),
    };
    const timeoutMs = limit.leftMs();
    let isExact = false;
    let isSpoilt = true;
    try {
      const turn = { process: running, order: { ...order, timeoutMs }, start, listener, onAnswer };
      const driven = await driveTurn(deps, { ...turn, signal: limit.stopped });
      isExact = driven !== 'unheard' && driven.isExact;
      isSpoilt = driven === 'unheard' ? memory === 'resumed' : !driven.isExact;
      return driven === 'unheard' ? driven : driven.end;
    } finally {
      if (isSpoilt) spoil(sessionId);
      const { conversation } = order;
      if (isExact && conversation !== undefined && mayServeAgain(running, order))
        places.keep(place, conversation);
      else void places.clear(place);
    }
  }

  function spoil(sessionId: string): void {
    spoiltSessions.add(sessionId);
    for (const oldest of spoiltSessions) if (spoiltSessions.size > SPOILT_KEPT) spoiltSessions.delete(oldest);
  }

  function mayServeAgain({ life, claude, startedAt }: PoolProcess, { launch }: TurnOrder): boolean {
    const { maxTurnsPerProcess = MAX_TURNS, maxRssBytes = MAX_RSS_BYTES } = deps;
    return (
      !closing.signal.aborted &&
      !life.hasLeft &&
      !life.isSpoilt &&
      // A budget is one of the process, and would be that of the turns together.
      launch.flags['max-budget-usd'] === undefined &&
      life.turns < maxTurnsPerProcess &&
      clock.now() - startedAt <= maxAgeMs &&
      (residentBytes(claude.pid) ?? 0) <= maxRssBytes
    );
  }

  return {
    async run(order, listener, signal) {
      const { conversation } = order;
      if (conversation !== undefined && conversations.has(conversation))
        throw new Error(`Turn ${order.turn}: its conversation is in another turn.`);
      const limit = startTurnClock(order.timeoutMs, signal);
      if (closing.signal.aborted) limit.stop('closed');
      if (conversation !== undefined) conversations.add(conversation);
      const running = run(order, listener, limit);
      turns.set(limit, running);
      try {
        return await running;
      } finally {
        limit.end();
        turns.delete(limit);
        if (conversation !== undefined) conversations.delete(conversation);
      }
    },
    prepare: (launch, count) => stock.prepare(launch, count),
    release(conversation) {
      const place = keptBy(places, conversation);
      if (place) void places.clear(place);
    },
    state() {
      const uses = places.all();
      const count = (kind: string): number => uses.filter(({ use }) => use.kind === kind).length;
      const warm = uses.filter(({ use, process }) => use.kind === 'warm' && process?.life.isReady).length;
      return { warm, kept: count('kept'), busy: count('busy') };
    },
    async close() {
      closing.abort('closed');
      for (const limit of turns.keys()) limit.stop('closed');
      await Promise.allSettled(turns.values());
      await Promise.all(places.all().map((place) => places.clear(place)));
    },
  };
}

/** The process of the place, or why there is none. */
async function arrive(place: Place, limit: TurnClock): Promise<PoolProcess | Ending> {
  try {
    return (await limit.unlessOver(place.arrival)) ?? limit.ending();
  } catch (error) {
    if (error instanceof AgenticoreError) return { kind: 'failed', code: error.code, error: error.message };
    throw error;
  }
}

/** The end of a turn that has not begun. */
const judgeUnstarted = (limit: TurnClock, ending: Ending = limit.ending()): TurnEnd =>
  asTurnEnd(createJudge().judge(ending, undefined, ''));

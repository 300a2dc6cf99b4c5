// Which process a turn goes to, and how it comes to know what was said before.
import { open } from 'node:fs/promises';
import { createLineage, type Lineage } from '../../../domain/session-record.js';
import type { Clock } from '../../../ports/clock.js';
import type { Log } from '../../../ports/log.js';
import type { TurnOrder, TurnStart } from '../../../ports/turn-agent.js';
import type { Place, Places, Starter } from './places.js';
import type { ProcessOrder } from './pool-process.js';
import type { Stock } from './stock.js';

export interface Seat {
  readonly place: Place;
  readonly process: TurnStart['process'];
  readonly memory: TurnStart['memory'];
}

export interface SeatDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly maxAgeMs: number;
  readonly places: Places;
  readonly stock: Stock;
  readonly starterOf: (launch: TurnOrder['launch'], resume?: ProcessOrder['resume']) => Starter;
  /** Sessions in which more, or less, was said than their conversation knows. */
  readonly spoiltSessions: ReadonlySet<string>;
}

/** Takes a place for the turn; undefined when the signal aborts before there is one. */
export async function findSeat(
  deps: SeatDeps,
  order: TurnOrder,
  signal: AbortSignal,
): Promise<Seat | undefined> {
  const { places, stock, starterOf } = deps;
  const own = keptBy(places, order.conversation);
  if (own !== undefined && serves(deps, own, order)) {
    places.engage(own);
    return { place: own, process: 'kept', memory: 'kept' };
  }
  if (own !== undefined) void places.clear(own);
  const { launch } = order;
  const resume = await findSession(deps, order);
  const memory = resume !== undefined ? 'resumed' : order.history.length > 0 ? 'injected' : 'none';
  const warm = resume === undefined && !signal.aborted ? stock.find(launch) : undefined;
  if (warm !== undefined) {
    places.engage(warm);
    return { place: warm, process: warm.process?.life.isReady ? 'warm' : 'cold', memory };
  }
  const place = await places.take(launch, starterOf(launch, resume), signal);
  return place && { place, process: 'cold', memory };
}

/** The idle place that the conversation keeps. */
export const keptBy = (places: Places, conversation: string | undefined): Place | undefined =>
  places.all().find(({ use }) => use.kind === 'kept' && use.conversation === conversation);

/** Exactly what the turn needs: the session, the way it was started, and who it was told to be. */
function serves({ clock, maxAgeMs }: SeatDeps, { launch, process }: Place, order: TurnOrder): boolean {
  if (process === undefined || order.memory.kind !== 'session') return false;
  const { life, sessionId, startedAt } = process;
  return (
    launch.key === order.launch.key &&
    sessionId === order.memory.sessionId &&
    life.systemPrompt?.mode === order.systemPrompt.mode &&
    life.systemPrompt.text === order.systemPrompt.text &&
    !life.isSpoilt &&
    !life.hasLeft &&
    clock.now() - startedAt <= maxAgeMs
  );
}

/**
 * The session file to go on with, when nobody writes to it any more; undefined when it does not hold all that was said,
 * and what it lacks can be told.
 */
async function findSession(deps: SeatDeps, { memory, history }: TurnOrder): Promise<ProcessOrder['resume']> {
  if (memory.kind !== 'session' || memory.transcript === undefined) return undefined;
  const { sessionId, transcript: path, leaf } = memory;
  for (const place of deps.places.all())
    if (place.use.kind === 'leaving' && place.process?.sessionId === sessionId)
      await deps.places.clear(place);
  if (deps.spoiltSessions.has(sessionId)) return undefined;
  const lineage = await readLineage(path).catch(() => undefined);
  if (lineage === undefined) return undefined;
  if (leaf === undefined || lineage.holdsUpTo(leaf)) return { sessionId, path };
  deps.log('pool.session_incomplete', { session_id: sessionId }, 'warn');
  return history.length > 0 ? undefined : { sessionId, path };
}

/** Line by line: the file of a long conversation may be large, and others are being served meanwhile. */
async function readLineage(path: string): Promise<Lineage> {
  const lineage = createLineage();
  const file = await open(path);
  for await (const line of file.readLines()) lineage.take(line);
  return lineage;
}

// Those who wait at one lane for one worker.
import type { LaneEntry } from './lane-entries.js';

interface Waiter {
  readonly signal: AbortSignal;
  settle(entry: LaneEntry | undefined): void;
  fail(error: unknown): void;
}

/** Those who wait at one lane for one worker: they share a read, which asks for as many entries as they are. */
export interface Line {
  readonly lane: string;
  readonly worker: string;
  waiters: Waiter[];
  /** The signals of those who have waited here; each is listened to once, however many share it. */
  readonly signals: Set<AbortSignal>;
  /** Ends the read under way, if one is. */
  interrupt: (() => void) | undefined;
  readonly onAbort: () => void;
}

/** A line in which nobody waits yet. */
export function createLine(lane: string, worker: string): Line {
  const line: Line = {
    lane,
    worker,
    waiters: [],
    signals: new Set(),
    interrupt: undefined,
    onAbort: () => line.interrupt?.(),
  };
  return line;
}

/** Waits in the line. */
export function join(line: Line, signal: AbortSignal): Promise<LaneEntry | undefined> {
  if (!line.signals.has(signal)) signal.addEventListener('abort', line.onAbort);
  line.signals.add(signal);
  return new Promise((settle, fail) => line.waiters.push({ signal, settle, fail }));
}

/** Entries go to those who wait longest; to those who gave up only what nobody else is there for, else nothing. */
export function handOut(line: Line, entries: readonly LaneEntry[]): void {
  if (!hasGivenUp(line)) {
    for (const [nth, { settle }] of line.waiters.splice(0, entries.length).entries()) settle(entries[nth]);
    return;
  }
  const waiting = line.waiters.filter(({ signal }) => !signal.aborted);
  const givenUp = line.waiters.filter(({ signal }) => signal.aborted);
  for (const entry of entries) (waiting.shift() ?? givenUp.shift())?.settle(entry);
  for (const { settle } of givenUp) settle(undefined);
  for (const signal of line.signals) if (signal.aborted) line.signals.delete(signal);
  line.waiters = waiting;
}

/** Whether somebody in the line may have given up. */
export function hasGivenUp({ signals }: Line): boolean {
  for (const signal of signals) if (signal.aborted) return true;
  return false;
}

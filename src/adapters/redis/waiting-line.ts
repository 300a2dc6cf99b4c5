// Those who wait at one lane for one worker.

interface Waiter<T> {
  readonly signal: AbortSignal;
  settle(given: T | undefined): void;
  fail(error: unknown): void;
}

/** Those who wait at one lane for one worker: they share an offer, which is for as many entries as they are. */
export interface Line<T> {
  waiters: readonly Waiter<T>[];
  /** The signals of those who wait; each is listened to once, however many share it. */
  readonly signals: Set<AbortSignal>;
  /** Ends the waiting under way, if one is. */
  interrupt: (() => void) | undefined;
  readonly onAbort: () => void;
}

/** A line in which nobody waits yet. */
export function createLine<T>(): Line<T> {
  const line: Line<T> = {
    waiters: [],
    signals: new Set(),
    interrupt: undefined,
    onAbort: () => line.interrupt?.(),
  };
  return line;
}

/** Waits in the line. */
export function join<T>(line: Line<T>, signal: AbortSignal): Promise<T | undefined> {
  if (!line.signals.has(signal)) signal.addEventListener('abort', line.onAbort);
  line.signals.add(signal);
  return new Promise((settle, fail) => {
    line.waiters = [...line.waiters, { signal, settle, fail }];
  });
}

/** Those who have given up; what they were to get may be on its way. */
export function leaving<T>({ waiters, signals }: Line<T>): ReadonlySet<Waiter<T>> {
  const hasAborted = [...signals].some(({ aborted }) => aborted);
  return new Set(hasAborted ? waiters.filter(({ signal }) => signal.aborted) : []);
}

/**
 * What was given goes to those who wait longest; to those who gave up only what nobody else is there for. Returns what is
 * left over.
 */
export function give<T>(line: Line<T>, given: readonly T[]): readonly T[] {
  if (given.length === 0) return given;
  const gone = leaving(line);
  const inTurn = gone.size === 0 ? line.waiters : [...line.waiters.filter((one) => !gone.has(one)), ...gone];
  for (const [nth, { settle }] of inTurn.slice(0, given.length).entries()) settle(given[nth]);
  line.waiters = inTurn.slice(given.length);
  return given.slice(inTurn.length);
}

/** Those who are still in the line go with nothing. */
export function dismiss<T>(line: Line<T>, who: ReadonlySet<Waiter<T>>): void {
  if (who.size === 0) return;
  for (const waiter of line.waiters) if (who.has(waiter)) waiter.settle(undefined);
  line.waiters = line.waiters.filter((waiter) => !who.has(waiter));
  const awaited = new Set(line.waiters.map(({ signal }) => signal));
  for (const signal of line.signals) if (!awaited.has(signal)) forget(line, signal);
}

/** All go. Those who gave up go with nothing, if `isQuiet`: it is no news for them. */
export function failAll<T>(line: Line<T>, error: unknown, isQuiet: boolean): void {
  const all = line.waiters;
  line.waiters = [];
  for (const { signal, settle, fail } of all) {
    if (isQuiet && signal.aborted) settle(undefined);
    else fail(error);
  }
}

/** When nobody waits any more. */
export function close<T>(line: Line<T>): void {
  for (const signal of line.signals) forget(line, signal);
}

function forget<T>(line: Line<T>, signal: AbortSignal): void {
  signal.removeEventListener('abort', line.onAbort);
  line.signals.delete(signal);
}

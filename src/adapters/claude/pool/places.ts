// The places that claude processes live in: never more than there are, from the moment a process is about to be
// started until nothing of it is left. Whoever needs one takes it, or waits; a turn makes room for itself.
import type { Clock } from '../../../ports/clock.js';
import type { Log } from '../../../ports/log.js';
import type { TurnLaunch } from '../../../ports/turn-agent.js';
import type { PoolProcess } from './pool-process.js';

export type Use =
  /** Started ahead. */
  | { readonly kind: 'warm' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'kept'; readonly conversation: string }
  /** Ends, and its place is free when nothing is left. */
  | { readonly kind: 'leaving' };

export interface Place {
  readonly launch: TurnLaunch;
  readonly use: Use;
  /** Rejects when it could not be started. */
  readonly arrival: Promise<PoolProcess>;
  /** Undefined until it runs. */
  readonly process: PoolProcess | undefined;
}

/** Starts the process of a place. */
export type Starter = (place: {
  /** A turn waits for it. */
  readonly isUrgent: boolean;
  /** False when nobody needs it any more; otherwise it counts as begun. */
  readonly mayBegin: () => boolean;
  readonly onSpoilt: () => void;
}) => Promise<PoolProcess>;

export interface Places {
  all(): readonly Place[];
  /** Takes a free place for a turn, making room if it must; undefined when the signal aborts first. */
  take(launch: TurnLaunch, start: Starter, signal: AbortSignal): Promise<Place | undefined>;
  /** Takes a free place for a process that is started ahead, if there is one that no turn waits for. */
  tryTake(launch: TurnLaunch, start: Starter): Place | undefined;
  /** The place is in a turn now. */
  engage(place: Place): void;
  /** The place's process waits for the next turn, and leaves when none comes for `idleMs`. */
  keep(place: Place, conversation: string): void;
  /** Ends its process. Resolves when nothing of it is left. */
  clear(place: Place): Promise<void>;
}

export interface PlacesDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly maxProcesses: number;
  readonly idleMs: number;
  readonly maxAgeMs: number;
  /** A place became free, or a process that was started ahead is gone without having served. */
  readonly onChange: (change: 'free' | 'warm_lost') => void;
}

/** claude leaves within milliseconds when its input ends; the rest is for its hooks and for commands it left running. */
const LEAVE_MS = 3000;

type OpenPlace = {
  -readonly [K in keyof Place]: Place[K];
} & { hasBegun: boolean; gone: Promise<void> | undefined; rest: AbortController | undefined };

/** All places, free. */
export function createPlaces(deps: PlacesDeps): Places {
  const { clock, log, maxProcesses, idleMs, maxAgeMs, onChange } = deps;
  // In the order in which they came to their present use.
  const places = new Set<OpenPlace>();
  const waiting = new Set<() => void>();
  /** Turns that have no place yet. */
  let wanting = 0;

  function free(place: OpenPlace): void {
    places.delete(place);
    wakeAll();
    onChange('free');
  }

  function wakeAll(): void {
    for (const wake of [...waiting]) wake();
  }

  function open(launch: TurnLaunch, use: Use, start: Starter): Place {
    const mayBegin = (): boolean => {
      place.hasBegun = place.use.kind !== 'leaving';
      return place.hasBegun;
    };
    const onSpoilt = (): void => {
      if (place.use.kind !== 'busy') void clear(place);
    };
    const place: OpenPlace = {
      launch,
      use,
      arrival: Promise.resolve().then(() => start({ isUrgent: use.kind === 'busy', mayBegin, onSpoilt })),
      process: undefined,
      hasBegun: false,
      gone: undefined,
      rest: undefined,
    };
    places.add(place);
    place.arrival.then(
      (process) => settleIn(place, process),
      () => lose(place),
    );
    return place;
  }

  function settleIn(place: OpenPlace, process: PoolProcess): void {
    place.process = process;
    if (place.use.kind === 'warm') rest(place, maxAgeMs);
    void process.claude.exited.then(() => lose(place));
  }

  /** A process in a turn is seen off by its turn. */
  function lose(place: OpenPlace): void {
    const { use } = place;
    if (use.kind === 'leaving' || (use.kind === 'busy' && place.process)) return;
    void clear(place);
    if (use.kind === 'warm') onChange('warm_lost');
  }

  function change(place: OpenPlace, use: Use): void {
    place.rest?.abort('used');
    place.rest = undefined;
    place.use = use;
    places.delete(place);
    places.add(place);
  }

  /** Lets the process wait so long and no longer. */
  function rest(place: OpenPlace, ms: number): void {
    const controller = new AbortController();
    place.rest = controller;
    void clock.sleep(ms, controller.signal).then(() => {
      if (place.rest === controller) void clear(place);
    });
  }

  function clear(place: OpenPlace): Promise<void> {
    if (place.gone) return place.gone;
    change(place, { kind: 'leaving' });
    place.gone = seeOff(place)
      .catch((error: unknown) => log('pool.retire_failed', { error: String(error) }, 'error'))
      .then(() => free(place));
    return place.gone;
  }

  async function seeOff(place: OpenPlace): Promise<void> {
    // One that has not begun to start never will.
    if (!place.hasBegun) return;
    const process = await place.arrival.catch(() => undefined);
    await process?.retire(LEAVE_MS);
  }

  /** Ends the process that is missed least: one started ahead for others, the longest idle kept one, any started ahead. */
  function makeRoom(launch: TurnLaunch): void {
    const all = [...places];
    const leaving = all.filter(({ use }) => use.kind === 'leaving').length;
    if (leaving >= wanting) return;
    const warm = all.filter(({ use }) => use.kind === 'warm');
    const least =
      warm.find((place) => place.launch.key !== launch.key) ??
      all.find(({ use }) => use.kind === 'kept') ??
      warm[0];
    if (least) void clear(least);
  }

  return {
    all: () => [...places],
    async take(launch, start, signal) {
      wanting += 1;
      try {
        while (!signal.aborted) {
          if (places.size < maxProcesses) return open(launch, { kind: 'busy' }, start);
          makeRoom(launch);
          await nextChange(signal);
        }
        return undefined;
      } finally {
        wanting -= 1;
      }
    },
    tryTake: (launch, start) =>
      places.size < maxProcesses && wanting === 0 ? open(launch, { kind: 'warm' }, start) : undefined,
    engage: (place) => change(place as OpenPlace, { kind: 'busy' }),
    keep(place, conversation) {
      change(place as OpenPlace, { kind: 'kept', conversation });
      rest(place as OpenPlace, idleMs);
      // A turn that waits may rather have it.
      wakeAll();
    },
    clear: (place) => clear(place as OpenPlace),
  };

  function nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        waiting.delete(wake);
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
      waiting.add(wake);
    });
  }
}

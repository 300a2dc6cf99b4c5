// The processes that are started ahead: as many as wished, of one launch, replaced when they are taken or lost. It
// stands back while a turn is just starting, and takes its time when claude does not stay up.
import { messageOf } from '../../../domain/errors.js';
import type { Clock } from '../../../ports/clock.js';
import type { Log } from '../../../ports/log.js';
import type { TurnLaunch } from '../../../ports/turn-agent.js';
import { within } from '../../host/within.js';
import type { Place, Places, Starter } from './places.js';

export interface Stock {
  /** Resolves when the first is ready, has failed, or has no place. */
  prepare(launch: TurnLaunch, count: number): Promise<void>;
  /** One for this launch, the readiest; it counts as taken when it is engaged. */
  find(launch: TurnLaunch): Place | undefined;
  /** Starts what is missing, if it may. */
  refill(): void;
  /** One was lost that had not served. */
  lost(): void;
  /** Nothing is started until the function returned is called. */
  standBack(): () => void;
}

export interface StockDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly places: Places;
  readonly starterOf: (launch: TurnLaunch) => Starter;
  /** Nothing is started any more. */
  readonly closing: AbortSignal;
}

const READY_MS = 60_000;
const FIRST_PAUSE_MS = 1000;
const LAST_PAUSE_MS = 60_000;

/** An empty stock. */
export function createStock({ clock, log, places, starterOf, closing }: StockDeps): Stock {
  let wish: { readonly launch: TurnLaunch; readonly count: number } | undefined;
  let failures = 0;
  let lastFailure = 0;
  let isPausing = false;
  let starting = 0;

  const warm = (): readonly Place[] => places.all().filter(({ use }) => use.kind === 'warm');
  const ofWish = (): readonly Place[] => warm().filter(({ launch }) => launch.key === wish?.launch.key);

  function refill(): void {
    if (wish === undefined || isPausing || starting > 0 || closing.aborted) return;
    const { launch, count } = wish;
    for (let missing = count - ofWish().length; missing > 0; missing--) {
      const place = places.tryTake(launch, starterOf(launch));
      if (place === undefined) return;
      void welcome(place);
    }
  }

  /** A process that does not answer is no use. */
  async function welcome(place: Place): Promise<void> {
    try {
      const process = await place.arrival;
      if (!(await within(READY_MS, process.ready))) await places.clear(place);
    } catch (error) {
      log('pool.start_failed', { error: messageOf(error) }, 'warn');
    }
  }

  function lost(): void {
    const now = clock.now();
    failures = now - lastFailure > 2 * LAST_PAUSE_MS ? 1 : failures + 1;
    lastFailure = now;
    if (isPausing) return;
    isPausing = true;
    const pauseMs = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
    log('pool.warm_lost', { pause_ms: pauseMs }, 'warn');
    void clock.sleep(pauseMs, closing).then(() => {
      isPausing = false;
      refill();
    });
  }

  return {
    async prepare(launch, count) {
      wish = { launch, count };
      const isNew = warm().every((place) => place.launch.key !== launch.key);
      if (isNew) failures = 0;
      for (const place of warm()) if (place.launch.key !== launch.key) void places.clear(place);
      for (const place of ofWish().slice(count)) void places.clear(place);
      refill();
      const outcomes = ofWish().map(({ arrival }) => arrival.then(({ ready }) => ready).catch(() => false));
      if (outcomes.length > 0) await Promise.race(outcomes);
    },
    find(launch) {
      const fitting = warm().filter((place) => place.launch.key === launch.key);
      return fitting.find(({ process }) => process?.life.isReady) ?? fitting[0];
    },
    refill,
    lost,
    standBack() {
      starting += 1;
      let isBack = true;
      return () => {
        if (!isBack) return;
        isBack = false;
        starting -= 1;
        refill();
      };
    },
  };
}

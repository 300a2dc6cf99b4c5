// Waiting for lane entries: a worker notes down in Redis how many it has room for, and whatever puts something into the
// lane gives it that, has its first attempt started if it may, and tells it in a message: one way to the worker, and no
// question after it. What may have been given while a message, or an answer, was lost is asked for with the next call.
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isCode } from '../../domain/errors.js';
import type { FirstAttempt } from '../../ports/event-log.js';
import type { StoredJob } from '../../ports/stored-job.js';
import { BUS_CLOSED, unreachable } from './bus-error.js';
import type { Connection } from './connection.js';
import type { Doorbell } from './doorbell.js';
import type { Keys } from './keys.js';
import { type LaneEntry, laneEntries } from './lane-entries.js';
import { asList, asText } from './reply.js';
import { runScript, type Script } from './scripts.js';
import { type StartTemplate, startedWith, startTemplate } from './start-template.js';
import { close, createLine, dismiss, failAll, give, join, type Line, leaving } from './waiting-line.js';

/** After this long a worker asks again by itself: what came into the lane behind everybody's back lies no longer. */
const REPEAT_MS = 5_000;
/** For how long an offer stands: longer than its worker takes to ask again, if it lives. */
const OFFER_MS = 15_000;
/** How soon a Redis that had no room for an offer is asked again. */
const FULL_PAUSE_MS = 1_000;
/** How many entries one call takes at most. */
const MOST = 100;

/** An entry that was claimed, and the job if its attempt has started with that. */
export interface Given {
  readonly entry: LaneEntry;
  readonly started: StoredJob | undefined;
}

export interface Wanted {
  /** Key of the lane. */
  readonly lane: string;
  /** Key of the offers there. */
  readonly offers: string;
  readonly worker: string;
  readonly start: FirstAttempt | undefined;
}

export interface Offers {
  /**
   * The next entry of the lane for the worker; who waits longest comes first. Undefined when the signal aborted, unless
   * an entry came in the same moment. Throws BUS_UNREACHABLE.
   */
  next(wanted: Wanted, signal: AbortSignal): Promise<Given | undefined>;
  close(): void;
}

export interface OffersOptions {
  readonly connection: Connection;
  readonly doorbell: Doorbell;
  readonly keys: Keys;
  /** wait.lua. */
  readonly script: Script;
}

/** Where one worker waits at one lane. */
interface Place {
  readonly wanted: Wanted;
  readonly line: Line<Given>;
  /** Calls that may have been given something that we have not heard of. */
  inDoubt: readonly string[];
  isServed: boolean;
}

/** The offers of one process. */
export function createOffers({ connection, doorbell, keys, script }: OffersOptions): Offers {
  const own = randomUUID();
  const channel = keys.offerBell(own);
  const places = new Map<string, Place>();
  /** What to do with what a call is given, in a message; without anything when a message may have been lost. */
  const listeners = new Map<string, (entries?: readonly unknown[]) => void>();
  let calls = 0;
  let watching: Promise<unknown> | undefined;
  let closed = false;

  /** Each message is of one offer. Without one some may have been lost: everybody asks again. */
  function onMessage(message?: string): void {
    if (message === undefined) {
      for (const askAgain of [...listeners.values()]) askAgain();
      return;
    }
    const [call, entries] = asList(JSON.parse(message));
    listeners.get(asText(call))?.(asList(entries));
  }

  async function listen(): Promise<void> {
    watching ??= doorbell.watch(channel, onMessage);
    try {
      await watching;
    } catch (error) {
      watching = undefined;
      throw error;
    }
  }

  async function serve(place: Place): Promise<void> {
    const { line } = place;
    try {
      await listen();
      do {
        // When all replies at hand have been seen to: those that they set free ask together, and what they have to write
        // goes first.
        await nextTurn();
        await round(place);
      } while (line.waiters.length > 0);
    } catch (error) {
      failAll(line, error, isCode(error, 'BUS_UNREACHABLE'));
    } finally {
      place.isServed = false;
      close(line);
    }
  }

  /** Those who had given up before it go with nothing, once nothing can be on its way to them any more. */
  async function round(place: Place): Promise<void> {
    const { line } = place;
    give(line, []);
    const gone = leaving(line);
    const count = Math.min(line.waiters.length - gone.size, MOST);
    if (count > 0 || place.inDoubt.length > 0) await askAndWait(place, count, () => dismiss(line, gone));
    else dismiss(line, gone);
  }

  async function askAndWait(place: Place, count: number, answered: () => void): Promise<void> {
    const { line, wanted } = place;
    const { lane, offers, worker, start } = wanted;
    calls += 1;
    const call = `${own}-${calls}`;
    const template = start && startTemplate(worker, start, keys);
    const offer = JSON.stringify({ channel, worker, count, start: template });
    const args = [worker, count, call, place.inDoubt.join(' '), offer, OFFER_MS];
    let isMet = false;
    const over = new Promise<void>((settle) => {
      line.interrupt = settle;
      listeners.set(call, (entries) => {
        isMet = entries !== undefined;
        if (entries !== undefined) give(line, givenBy(entries, template)); // at once: somebody waits for it
        settle();
      });
    });
    place.inDoubt = [...place.inDoubt, call];
    try {
      const reply = await connection.ask((redis) => runScript(redis, script, [lane, offers], args));
      const found = reply === 'full' ? [] : asList(reply);
      const isOpen = found.length === 0 && count > 0;
      place.inDoubt = isOpen ? [call] : [];
      give(line, givenBy(found, template));
      answered();
      if (isOpen && leaving(line).size === 0)
        await within(reply === 'full' ? FULL_PAUSE_MS : REPEAT_MS, over);
      if (isMet) place.inDoubt = [];
    } finally {
      listeners.delete(call);
      line.interrupt = undefined;
    }
  }

  return {
    next(wanted, signal) {
      if (closed) return Promise.reject(unreachable(BUS_CLOSED));
      if (signal.aborted) return Promise.resolve(undefined);
      const key = `${wanted.lane.length} ${wanted.lane} ${wanted.worker}`;
      let place = places.get(key);
      if (place === undefined) {
        place = { wanted, line: createLine(), inDoubt: [], isServed: false };
        places.set(key, place);
      }
      const waited = join(place.line, signal);
      if (!place.isServed) {
        place.isServed = true;
        void serve(place);
      }
      return waited;
    },
    close() {
      closed = true;
      for (const { line } of places.values()) line.interrupt?.();
    },
  };
}

function givenBy(reply: readonly unknown[], template: StartTemplate | undefined): readonly Given[] {
  return laneEntries(reply).map((entry) => ({ entry, started: template && startedWith(template, entry) }));
}

/** Resolves when the other does, or after `ms`. */
async function within(ms: number, other: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([other, late]);
  clearTimeout(timer);
}

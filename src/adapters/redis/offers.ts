// Waiting for lane entries: a worker notes down in Redis how many it has room for, and whatever puts something into the
// lane gives it that, has its first attempt started if it may, and tells it in a message: one way to the worker, and no
// question after it. What may have been given while a message, or an answer, was lost is asked for with the next call.
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isCode } from '../../domain/errors.js';
import { BUS_CLOSED, unreachable } from './bus-error.js';
import type { Connection } from './connection.js';
import type { Doorbell } from './doorbell.js';
import type { Keys } from './keys.js';
import { FULL, type Given, givenBy, type Offer, type Place, readMessage, type Wanted } from './offer.js';
import { asList } from './reply.js';
import { runScript, type Script } from './scripts.js';
import { startTemplate } from './start-template.js';
import { close, createLine, dismiss, failAll, give, join, leaving } from './waiting-line.js';

/** After this long a worker asks again by itself: what came into the lane behind everybody's back lies no longer. */
const REPEAT_MS = 5_000;
/** For how long an offer stands: longer than its worker takes to ask again, if it lives. */
const OFFER_MS = 15_000;
/** How soon a Redis that had no room for an offer is asked again. */
const FULL_PAUSE_MS = 1_000;
/** How many entries one call takes at most. */
const MOST = 100;
/** For how long an answer is asked for: what was given with it, and has started, would be nobody's. */
const PERSIST_MS = 10_000;
/** For how long something may be kept for a call since it was sent: its offer may be met at the last moment (serve.lua). */
const KEPT_MS = OFFER_MS + 20_000;

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

/** The offers of one process. */
export function createOffers({ connection, doorbell, keys, script }: OffersOptions): Offers {
  const own = randomUUID();
  const channel = keys.offerBell(own);
  const places = new Map<string, Place>();
  /** What to do with what a call is given, in a message; without anything when a message may have been lost. */
  const listeners = new Map<string, (entries?: readonly unknown[]) => void>();
  let calls = 0;
  let watching: Promise<() => void> | undefined;
  let closed = false;

  function onMessage(message?: string): void {
    const said = message === undefined ? undefined : readMessage(message);
    if (said !== undefined) listeners.get(said.call)?.(said.entries);
    else for (const askAgain of [...listeners.values()]) askAgain();
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

  /** Who does not listen is given nothing: for when an offer cannot be taken back. */
  async function stopListening(): Promise<void> {
    const unwatch = watching;
    watching = undefined;
    (await unwatch?.catch(() => undefined))?.();
  }

  async function serve(place: Place): Promise<void> {
    const { line } = place;
    try {
      do {
        await listen();
        // When all replies at hand have been seen to: those that they set free ask together, and what they have to write
        // goes first.
        await nextTurn();
        await round(place);
      } while (line.waiters.length > 0);
    } catch (error) {
      failAll(line, error, isCode(error, 'BUS_UNREACHABLE'));
      await stopListening();
    } finally {
      place.isServed = false;
      if (line.waiters.length > 0) begin(place);
      else close(line);
    }
  }

  function begin(place: Place): void {
    place.isServed = true;
    void serve(place);
  }

  /** Those who had given up before it go with nothing, once nothing can be on its way to them any more. */
  async function round(place: Place): Promise<void> {
    const { line, surplus } = place;
    if (surplus.length > 0) hand(place, surplus);
    const gone = leaving(line);
    const count = Math.min(line.waiters.length - gone.size, MOST);
    if (count > 0 || place.inDoubt.size > 0)
      await askAndWait(place, offerOf(place, count), () => dismiss(line, gone));
    else dismiss(line, gone);
  }

  function hand(place: Place, given: readonly Given[]): void {
    place.surplus = give(place.line, given).map((left) => ({ ...left, isOld: true }));
  }

  /** The offer that stands, which keeps its place among others, or a new one. */
  function offerOf({ standing, wanted: { worker, start } }: Place, count: number): Offer {
    if (standing?.count === count) return standing;
    calls += 1;
    const template = start && startTemplate(worker, start, keys);
    const json = JSON.stringify({ channel, worker, count, start: template });
    return { call: `${own}-${calls}`, count, json, template };
  }

  async function askAndWait(place: Place, offer: Offer, answered: () => void): Promise<void> {
    const { line } = place;
    const { call, count, template } = offer;
    const told = new Set<string>();
    const over = new Promise<void>((settle) => {
      line.interrupt = settle;
      listeners.set(call, (entries) => {
        if (entries !== undefined && told.size === 0) hear(givenBy(entries, template));
        settle();
      });
    });
    /** At once: somebody waits for it. */
    function hear(given: readonly Given[]): void {
      for (const { entry } of given) told.add(entry.entryId);
      place.inDoubt.delete(call);
      place.heard = [...place.heard, call];
      hand(place, [...place.surplus, ...given]);
    }
    try {
      const reply = await ask(place, offer);
      const found = givenBy(reply === FULL ? [] : asList(reply), template);
      const stands = found.length === 0 && count > 0 && reply !== FULL && told.size === 0;
      place.standing = stands ? offer : undefined;
      if (stands) place.inDoubt.set(call, performance.now());
      // The answer to a call that was sent again tells what a message has told.
      hand(place, [...place.surplus, ...found.filter(({ entry }) => !told.has(entry.entryId))]);
      answered();
      if (stands || reply === FULL) {
        if (leaving(line).size === 0) await within(reply === FULL ? FULL_PAUSE_MS : REPEAT_MS, over);
        if (told.size > 0) place.standing = undefined;
      }
    } catch (error) {
      place.standing = undefined;
      throw error;
    } finally {
      listeners.delete(call);
      line.interrupt = undefined;
    }
  }

  /** Gives up the calls before it, and has what they were given told. */
  async function ask(place: Place, { call, count, json }: Offer): Promise<unknown> {
    const { wanted, inDoubt, heard } = place;
    const { lane, offers, worker } = wanted;
    const now = performance.now();
    for (const [other, sentAt] of inDoubt) if (now - sentAt > KEPT_MS) inDoubt.delete(other);
    const others = [...inDoubt.keys()].filter((other) => other !== call);
    const args = [worker, count, call, others.join(' '), heard.join(' '), json, OFFER_MS];
    const reply = await connection.ask((redis) => {
      if (!place.heard.includes(call)) inDoubt.set(call, performance.now());
      return runScript(redis, script, [lane, offers], args);
    }, PERSIST_MS);
    inDoubt.clear();
    place.heard = place.heard.slice(heard.length);
    return reply;
  }

  return {
    next(wanted, signal) {
      if (closed) return Promise.reject(unreachable(BUS_CLOSED));
      if (signal.aborted) return Promise.resolve(undefined);
      const { lane, worker, start } = wanted;
      const key = JSON.stringify([lane, worker, start]);
      let place = places.get(key);
      if (place === undefined) {
        const line = createLine<Given>();
        place = {
          wanted,
          line,
          surplus: [],
          standing: undefined,
          inDoubt: new Map(),
          heard: [],
          isServed: false,
        };
        places.set(key, place);
      }
      const waited = join(place.line, signal);
      if (!place.isServed) begin(place);
      return waited;
    },
    close() {
      closed = true;
      for (const { line } of places.values()) line.interrupt?.();
    },
  };
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

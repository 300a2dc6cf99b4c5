// Waiting for lane entries: a worker notes down in Redis how many it has room for, and whatever puts something into the
// lane gives it that, has its first attempt started if it may, and tells it in a message: one way to the worker, and no
// question after it. What may have been given while a message, or an answer, was lost is asked for with the next call.
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isCode } from '../../domain/errors.js';
import { within } from '../host/within.js';
import { BUS_CLOSED, unreachable } from './bus-error.js';
import type { Connection } from './connection.js';
import type { Doorbell } from './doorbell.js';
import type { Keys } from './keys.js';
import { laneEntries } from './lane-entries.js';
import {
  createPlaces,
  FULL,
  forgetOldest,
  type Given,
  hand,
  type Message,
  type Offer,
  type Place,
  readMessage,
  type Wanted,
} from './offer.js';
import { runScript, type Script } from './scripts.js';
import { close, dismiss, failAll, give, join, leaving } from './waiting-line.js';

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
/** Who leaves waits for so long until its offer is taken back; who does not listen is given nothing, either. */
const TAKE_BACK_MS = 1_000;
/** How many calls that may have been given something are remembered. */
const MOST_IN_DOUBT = 100;

export interface Offers {
  /**
   * The next entry of the lane for the worker; who waits longest comes first. Undefined when the signal aborted, unless
   * an entry came in the same moment. Throws BUS_UNREACHABLE.
   */
  next(wanted: Wanted, signal: AbortSignal): Promise<Given | undefined>;
  /** For who comes next: something that `next` gave, and of which it could not be found out whether it is still held. */
  giveBack(wanted: Wanted, given: Given): void;
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
  const places = createPlaces(own, keys);
  let calls = 0;
  let watching: Promise<() => void> | undefined;
  let closed = false;

  /** Each message is of one offer. Without one some may have been lost: everybody asks again. */
  function onMessage(message?: string): void {
    const said = message === undefined ? undefined : readMessage(message);
    if (said === undefined) interruptAll();
    else for (const place of places.all()) if (said.call.startsWith(place.callsBegin)) hear(place, said);
  }

  /** At once: somebody waits for it. */
  function hear(place: Place, { call, entries }: Message): void {
    place.inDoubt.delete(call);
    place.heard.add(call);
    if (place.standing?.call === call) place.standing = undefined;
    hand(place, entries);
    place.line.interrupt?.();
  }

  async function listen(): Promise<void> {
    let own: typeof watching;
    do {
      watching ??= doorbell.watch(channel, onMessage);
      own = watching;
      try {
        await own;
      } catch (error) {
        watching = undefined;
        throw error;
      }
    } while (watching !== own); // somebody stopped listening meanwhile
  }

  /** Who does not listen is given nothing: for when an offer cannot be taken back. Others listen, and ask, again. */
  async function stopListening(): Promise<void> {
    const unwatch = watching;
    watching = undefined;
    (await unwatch?.catch(() => undefined))?.();
    interruptAll();
  }

  function interruptAll(): void {
    for (const { line } of places.all()) line.interrupt?.();
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
      } while (line.waiters.length > 0 || place.inDoubt.size > 0);
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
    place.surplus = give(line, surplus);
    const gone = leaving(line);
    const count = Math.min(line.waiters.length - gone.size, MOST);
    if (count > 0) await askAndWait(place, offerOf(place, count), gone);
    else if (place.inDoubt.size > 0) await answerTo(place, offerOf(place, 0));
    dismiss(line, gone);
  }

  /** The offer that stands, which keeps its place among others, or a new one. */
  function offerOf({ standing, callsBegin, wanted: { worker }, template }: Place, count: number): Offer {
    if (standing?.count === count) return standing;
    calls += 1;
    const json = JSON.stringify({ channel, worker, count, start: template });
    return { call: `${callsBegin}${calls}`, count, json };
  }

  /** Asks for those who wait there, and lets them wait for a while. */
  async function askAndWait(place: Place, offer: Offer, gone: ReturnType<typeof leaving>): Promise<void> {
    const { line } = place;
    try {
      const reply = await answerTo(place, offer);
      dismiss(line, gone);
      if (reply !== FULL && place.standing !== offer) return;
      const over = new Promise<void>((settle) => {
        line.interrupt = settle;
      });
      if (leaving(line).size === 0 && line.waiters.length > 0)
        await within(reply === FULL ? FULL_PAUSE_MS : REPEAT_MS, over);
    } finally {
      line.interrupt = undefined;
    }
  }

  /** Throws BUS_UNREACHABLE when it takes too long for those who leave. What comes then is for whoever comes next. */
  async function answerTo(place: Place, offer: Offer): Promise<unknown> {
    const { line } = place;
    place.standing = undefined;
    let reply: unknown;
    const asked = ask(place, offer).then((answer) => {
      reply = answer;
      take(place, offer, answer);
    });
    asked.catch(() => undefined);
    const isOver = (): boolean => offer.count === 0 || leaving(line).size > 0;
    while (reply === undefined && !isOver()) {
      const interrupted = new Promise<void>((settle) => {
        line.interrupt = settle;
      });
      await Promise.race([asked, interrupted]);
    }
    if (reply === undefined) await within(TAKE_BACK_MS, asked);
    if (reply === undefined) throw unreachable('it does not answer');
    return reply;
  }

  /** What the answer to an offer means. */
  function take(place: Place, offer: Offer, reply: unknown): void {
    const found = Array.isArray(reply) ? laneEntries(reply) : [];
    hand(place, found);
    const stands = Array.isArray(reply) && found.length === 0 && offer.count > 0;
    if (stands && !place.heard.has(offer.call)) {
      place.standing = offer;
      place.inDoubt.add(offer.call);
    }
    place.line.interrupt?.();
  }

  /** Gives up the calls before it, and has what they were given told. */
  async function ask(place: Place, { call, count, json }: Offer): Promise<unknown> {
    const { wanted, inDoubt } = place;
    const { lane, offers, worker } = wanted;
    const heard = [...place.heard];
    const earlier = [...inDoubt].filter((other) => other !== call);
    const args = [worker, count, call, earlier.join(' '), heard.join(' '), json, OFFER_MS];
    const reply = await connection.ask(
      (redis) => {
        if (!place.heard.has(call)) inDoubt.add(call);
        forgetOldest(inDoubt, MOST_IN_DOUBT);
        return runScript(redis, script, [lane, offers], args);
      },
      count === 0 ? 0 : PERSIST_MS,
    );
    for (const settled of [...earlier, call]) inDoubt.delete(settled);
    for (const one of heard) place.heard.delete(one);
    return reply;
  }

  return {
    next(wanted, signal) {
      if (closed) return Promise.reject(unreachable(BUS_CLOSED));
      if (signal.aborted) return Promise.resolve(undefined);
      const place = places.of(wanted);
      const waited = join(place.line, signal);
      if (!place.isServed) begin(place);
      return waited;
    },
    giveBack(wanted, given) {
      const place = places.of(wanted);
      place.surplus = [given, ...place.surplus];
    },
    close() {
      closed = true;
      interruptAll();
    },
  };
}

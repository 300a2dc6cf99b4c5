// How many requests a minute each caller may make, counted on the bus for all processes together. Names of callers are
// those of their keys and clients; whoever has none is known by the address.
import type { RequestHandler } from 'express';
import { AgenticoreError, isCode } from '../../domain/errors.js';
import type { Tallies, Tally } from '../../ports/tallies.js';
import { ANONYMOUS, callOf } from './call.js';

/** Begins with the first request: whoever comes at the end of one and the start of the next gets twice as much at most. */
const WINDOW_MS = 60_000;

/** Throws RATE_LIMITED. The body of a request arrives while it is counted. */
export function limitRate(perMinute: number, tallies: Tallies): RequestHandler {
  return async (req, res, next) => {
    const { caller } = callOf(res);
    const who = caller === ANONYMOUS ? `address:${req.socket.remoteAddress}` : `caller:${caller}`;
    const tally = await unlessAway(tallies.count(`requests:${who}`, WINDOW_MS));
    if (tally !== undefined) {
      const leftS = Math.ceil(tally.leftMs / 1000);
      const remaining = Math.max(0, perMinute - tally.count);
      res.setHeader('RateLimit-Policy', `"caller";q=${perMinute};w=${WINDOW_MS / 1000}`);
      res.setHeader('RateLimit', `"caller";r=${remaining};t=${leftS}`);
      if (tally.count > perMinute)
        throw new AgenticoreError('RATE_LIMITED', undefined, { retryAfterS: leftS });
    }
    next();
  };
}

/** While the bus is away nobody is counted: what needs it is refused anyway, and the rest costs little. */
const unlessAway = (counting: Promise<Tally>): Promise<Tally | undefined> =>
  counting.catch((error: unknown) => {
    if (isCode(error, 'BUS_UNREACHABLE')) return undefined;
    throw error;
  });

// What is known about the request being served: its id, who makes it, since when.
import type { RequestHandler, Response } from 'express';
import type { Clock } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';

export interface Call {
  readonly requestId: string;
  /** Name of the API key; `anonymous` when none was asked for. */
  caller: string;
}

/** Only text that is harmless in a header and a log line is taken over. */
const SANE_ID = /^[\w.:/+=@-]{1,128}$/;

/** The call a response answers; set by `beginCall`. */
export const callOf = (res: Response): Call => res.locals.call;

/** Gives every response its X-Request-Id, and states each finished request as one fact. */
export function beginCall({
  newRequestId,
  log,
  clock,
}: {
  readonly newRequestId: () => string;
  readonly log: Log;
  readonly clock: Clock;
}): RequestHandler {
  return (req, res, next) => {
    const given = req.headers['x-request-id'];
    const requestId = typeof given === 'string' && SANE_ID.test(given) ? given : newRequestId();
    const call: Call = { requestId, caller: 'anonymous' };
    res.locals.call = call;
    res.setHeader('X-Request-Id', requestId);
    res.setHeader('X-Content-Type-Options', 'nosniff');
    const startedAt = clock.now();
    // The path without its query: a key given there must not reach the log.
    const { method, path } = req;
    res.once('close', () => {
      const level = path === '/health' || path === '/ready' ? 'debug' : 'info';
      const ms = clock.now() - startedAt;
      log(
        'http.request',
        {
          request_id: requestId,
          caller: call.caller,
          method,
          path,
          status: res.statusCode,
          whole: res.writableFinished,
          ms,
        },
        level,
      );
    });
    next();
  };
}

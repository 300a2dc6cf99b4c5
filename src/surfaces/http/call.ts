// What is known about the request being served: its id, who makes it, since when.
import type { RequestHandler, Response } from 'express';
import type { Scope } from '../../domain/scope.js';
import type { Clock } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';

/** Somebody who is known to the server. */
export interface Identity {
  readonly name: string;
  readonly scopes: readonly Scope[];
}

export interface Call {
  readonly requestId: string;
  /** Who is calling; ANONYMOUS when nobody was asked. */
  caller: string;
  /** What the caller may do; nothing before that is known. */
  scopes: readonly Scope[];
  /** Where callers are told how to get a token for this address; undefined without OAuth. */
  metadataUrl: string | undefined;
}

export const ANONYMOUS = 'anonymous';

/** Only text that is harmless in a header and a log line is taken over. */
const SANE_ID = /^[\w.:/+=@-]{1,128}$/;

/** The call a response answers; set by `beginCall`. */
export const callOf = (res: Response): Call => res.locals.call;

/** Says how to be let in (RFC 6750, RFC 9728), to a caller who is about to be refused. */
export function challenge(res: Response, refusal: Readonly<Record<string, string>>): void {
  const { metadataUrl: resource_metadata } = callOf(res);
  const members = { realm: 'agenticore', ...refusal, ...(resource_metadata && { resource_metadata }) };
  const text = Object.entries(members).map(([name, value]) => `${name}="${value}"`);
  res.setHeader('WWW-Authenticate', `Bearer ${text.join(', ')}`);
}

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
    const call: Call = { requestId, caller: ANONYMOUS, scopes: [], metadataUrl: undefined };
    res.locals.call = call;
    res.setHeader('X-Request-Id', requestId);
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

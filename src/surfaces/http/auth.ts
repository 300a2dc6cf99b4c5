// Who calls, and what they may do: a key, an access token, or, where neither is asked for, where they call from.
import type { Request, RequestHandler } from 'express';
import { AgenticoreError } from '../../domain/errors.js';
import { SCOPES } from '../../domain/scope.js';
import { type ApiKey, keyOf } from './api-keys.js';
import { ANONYMOUS, callOf, challenge, type Identity } from './call.js';
import { isLoopback, namesThisMachine } from './web-pages.js';

/** The access tokens that clients get by OAuth. */
export interface AccessTokens {
  /** Whose it is; undefined when it is none, or no longer good. Throws BUS_UNREACHABLE. */
  identify(token: string): Promise<Identity | undefined>;
  /** Where it is written how to get one for what is at this path. */
  metadataUrl(path: string): string;
}

interface Door {
  readonly apiKeys: readonly ApiKey[];
  readonly tokens?: AccessTokens | undefined;
  readonly allowQueryKey: boolean;
}

/** Lets callers pass that show a key or a token, or everybody when neither is asked for; notes who they are. */
export function authenticate({ apiKeys, tokens, allowQueryKey }: Door): RequestHandler {
  const isOpen = asksNobody({ apiKeys, tokens });
  return async (req, res, next) => {
    const call = callOf(res);
    call.metadataUrl = tokens?.metadataUrl(req.path);
    const bearer = bearerOf(req);
    const identity = isOpen
      ? anonymous(req)
      : (keyOf(shownKeys(req, bearer, allowQueryKey), apiKeys) ??
        (bearer === undefined ? undefined : await tokens?.identify(bearer)));
    if (identity === undefined) {
      challenge(res, tokens !== undefined && bearer !== undefined ? { error: 'invalid_token' } : {});
      throw new AgenticoreError('UNAUTHORIZED', tokens && 'Invalid or missing API key or access token');
    }
    call.caller = identity.name;
    call.scopes = identity.scopes;
    next();
  };
}

/** Whether callers need not say who they are. */
export const asksNobody = ({ apiKeys, tokens }: Pick<Door, 'apiKeys' | 'tokens'>): boolean =>
  apiKeys.length === 0 && tokens === undefined;

/** Every place where the caller may have put a key; any of them suffices. */
function shownKeys(req: Request, bearer: string | undefined, allowQueryKey: boolean): readonly string[] {
  const query = allowQueryKey ? req.query.api_key : undefined;
  return [req.headers['x-api-key'], bearer, query].flat().filter((key) => typeof key === 'string');
}

const bearerOf = ({ headers }: Request): string | undefined =>
  /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];

/** Who need not say who they are may work; what runs the server is for this machine. */
function anonymous({ headers, socket }: Request): Identity {
  const isHere = namesThisMachine(headers.host) && isLoopback(socket.remoteAddress ?? '');
  return { name: ANONYMOUS, scopes: isHere ? SCOPES : SCOPES.filter((scope) => scope !== 'admin') };
}

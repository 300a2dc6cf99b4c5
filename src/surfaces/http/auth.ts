// Who calls, and what they may do: a key, an access token, or, where neither is asked for, this machine only.
import { isIP } from 'node:net';
import type { Request, RequestHandler } from 'express';
import { AgenticoreError } from '../../domain/errors.js';
import { SCOPES } from '../../domain/scope.js';
import { type ApiKey, keyOf } from './api-keys.js';
import { ANONYMOUS, callOf, challenge, type Identity } from './call.js';

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
  readonly allowUnauthenticated: boolean;
  /** Web pages that may call; `*` is any. */
  readonly corsOrigins?: readonly string[];
}

/** Lets callers pass that show a key or a token, or everybody when neither is asked for; notes who they are. */
export function authenticate(door: Door): RequestHandler {
  const { apiKeys, tokens, allowQueryKey } = door;
  const isOpen = apiKeys.length === 0 && tokens === undefined;
  return async (req, res, next) => {
    const call = callOf(res);
    call.metadataUrl = tokens?.metadataUrl(req.path);
    const bearer = bearerOf(req);
    const identity = isOpen
      ? anonymous(req, door)
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

/** Every place where the caller may have put a key; any of them suffices. */
function shownKeys(req: Request, bearer: string | undefined, allowQueryKey: boolean): readonly string[] {
  const query = allowQueryKey ? req.query.api_key : undefined;
  return [req.headers['x-api-key'], bearer, query].flat().filter((key) => typeof key === 'string');
}

const bearerOf = ({ headers }: Request): string | undefined =>
  /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];

/**
 * Who need not say who they are. They may work; what runs the server is for this machine, also where
 * AGENTICORE_ALLOW_UNAUTHENTICATED lets everybody in. Throws UNAUTHORIZED.
 */
function anonymous(req: Request, { allowUnauthenticated, corsOrigins = [] }: Door): Identity {
  const stranger = strangerIn(req, corsOrigins);
  if (stranger !== undefined && !allowUnauthenticated)
    throw new AgenticoreError(
      'UNAUTHORIZED',
      `Without API keys this server does not answer to ${stranger}; set AGENTICORE_API_KEYS, or call it as localhost.`,
    );
  const isHere = stranger === undefined && isLoopback(req.socket.remoteAddress ?? '');
  return { name: ANONYMOUS, scopes: isHere ? SCOPES : SCOPES.filter((scope) => scope !== 'admin') };
}

/**
 * A web page that is open on this machine is not "this machine": a foreign Origin, or a foreign Host (DNS rebinding), is
 * named.
 */
function strangerIn({ headers }: Request, corsOrigins: readonly string[]): string | undefined {
  const { host, origin } = headers;
  if (host !== undefined && !isLoopback(hostNameOf(`http://${host}`)))
    return `the name ${host.slice(0, 100)}`;
  const isAllowed = origin !== undefined && (corsOrigins.includes(origin) || corsOrigins.includes('*'));
  return origin === undefined || isAllowed || isLoopback(hostNameOf(origin))
    ? undefined
    : `pages of ${origin.slice(0, 100)}`;
}

const hostNameOf = (url: string): string => (URL.canParse(url) ? new URL(url).hostname : '');

/** True for addresses and names that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/^::ffff:/, '');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

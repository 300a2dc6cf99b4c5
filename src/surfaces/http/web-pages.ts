// Which web pages may call, and under which names this server answers them: a browser lends the reach of its reader to
// whatever page is open in it, also to one whose name was made to lead here (DNS rebinding).
import { isIP } from 'node:net';
import type { RequestHandler, Response } from 'express';
import { AgenticoreError } from '../../domain/errors.js';
import { hostMatches, isPrivateHost } from '../../domain/hosts.js';

/** What pages may read of an answer besides what any page may. */
const EXPOSED = [
  ...['X-Request-Id', 'Location', 'WWW-Authenticate', 'RateLimit', 'RateLimit-Policy'],
  ...['Retry-After', 'Retry-After-Ms', 'X-Should-Retry'], // OpenAI's clients
  ...['Mcp-Session-Id', 'Mcp-Protocol-Version', 'Last-Event-Id'], // MCP's
].join(', ');

/**
 * Lets pages call that are this server's own, on this machine, or listed; those that are listed may read the answers.
 * `*` lists all. Whoever is no page names no origin. Throws ORIGIN_REFUSED.
 */
export function admitPages({
  corsOrigins,
  ownOrigin,
}: {
  readonly corsOrigins: readonly string[];
  /** Where people see this server, which may be another name than it is called by behind a proxy. */
  readonly ownOrigin?: string | undefined;
}): RequestHandler {
  const isListed = (origin: string): boolean => corsOrigins.includes('*') || corsOrigins.includes(origin);

  function isOwn(origin: string, host: string | undefined): boolean {
    const page = URL.canParse(origin) ? new URL(origin) : undefined;
    if (page === undefined) return false;
    return origin === ownOrigin || page.host === host || isLoopback(page.hostname);
  }

  return ({ method, headers }, res, next) => {
    const { origin, host } = headers;
    if (corsOrigins.length > 0) res.vary('Origin');
    if (origin === undefined) return next();
    if (!isListed(origin)) {
      if (!isOwn(origin, host)) throw new AgenticoreError('ORIGIN_REFUSED');
      return next();
    }
    // The origin itself also for `*`: and never with credentials, for there are no cookies here.
    res.setHeader('Access-Control-Allow-Origin', origin);
    res.setHeader('Access-Control-Expose-Headers', EXPOSED);
    if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return next();
    allow(res, headers['access-control-request-headers']);
  };
}

/** Answers a browser that asks before it sends. It asks without a key. */
function allow(res: Response, headers: string | undefined): void {
  res.vary('Access-Control-Request-Headers');
  // `*` would not cover Authorization, and clients send headers of their own.
  if (headers !== undefined) res.setHeader('Access-Control-Allow-Headers', headers);
  res.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST, DELETE, OPTIONS');
  res.setHeader('Access-Control-Max-Age', '600');
  res.statusCode = 204;
  res.end();
}

/**
 * Where nobody is asked for a key, a page whose name leads here would be let in as this server's own: only names answer
 * that no stranger can have. Throws HOST_REFUSED.
 */
export function admitNames({
  allowedHosts,
  allowUnauthenticated,
}: {
  readonly allowedHosts: readonly string[];
  readonly allowUnauthenticated: boolean;
}): RequestHandler {
  const isSafe = allowUnauthenticated ? isNoPublicName : isLoopback;
  return ({ headers: { host } }, _res, next) => {
    if (host !== undefined) {
      const { hostname, port } = partsOf(host);
      const isListed = allowedHosts.some((pattern) => hostMatches(pattern, hostname, Number(port || 80)));
      if (!isListed && !isSafe(hostname))
        throw new AgenticoreError(
          'HOST_REFUSED',
          `Without API keys this server does not answer to the name ${host.slice(0, 100)}; set AGENTICORE_API_KEYS, or list it in AGENTICORE_ALLOWED_HOSTS.`,
        );
    }
    next();
  };
}

/** The name that the Host header of a request says; empty names for what is none. */
const partsOf = (host: string): { readonly hostname: string; readonly port: string } =>
  URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : { hostname: '', port: '' };

/** An address, or a name that only the network of the server knows. */
const isNoPublicName = (name: string): boolean => isIP(unbracketed(name)) !== 0 || isPrivateHost(name);

/** True where a request calls this server by a name or address that only this machine can reach, or by none. */
export const namesThisMachine = (host: string | undefined): boolean =>
  host === undefined || isLoopback(partsOf(host).hostname);

/** True for addresses and names that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const name = unbracketed(host.toLowerCase()).replace(/^::ffff:/, '');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

const unbracketed = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');

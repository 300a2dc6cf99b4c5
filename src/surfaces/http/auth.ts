// Who calls: API keys kept and compared as hashes; without keys, only this machine.
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Request, RequestHandler } from 'express';
import { AgenticoreError } from '../../domain/errors.js';
import { callOf } from './call.js';

/** A key that callers may show: its SHA-256, and the name that stands for it in audit and limits. */
export interface ApiKey {
  readonly name: string;
  readonly hash: Buffer;
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Keys as configured, `key` or `name:key`; one without a name is called by the start of its hash. Throws CONFIG_INVALID. */
export function hashApiKeys(entries: readonly string[]): readonly ApiKey[] {
  return entries.map((entry) => {
    const colon = entry.indexOf(':');
    const key = entry.slice(colon + 1).trim();
    const name =
      colon === -1 ? `key-${sha256(key).toString('hex').slice(0, 8)}` : entry.slice(0, colon).trim();
    if (key === '' || name === '') {
      throw new AgenticoreError(
        'CONFIG_INVALID',
        'Each entry of AGENTICORE_API_KEYS must be `key` or `name:key`.',
      );
    }
    return { name, hash: sha256(key) };
  });
}

interface Door {
  readonly apiKeys: readonly ApiKey[];
  readonly allowQueryKey: boolean;
  readonly allowUnauthenticated: boolean;
  /** Web pages that may call; `*` is any. */
  readonly corsOrigins?: readonly string[];
}

/** Lets callers pass that show a key, or everybody when there are none; notes the caller's name. */
export function authenticate({
  apiKeys,
  allowQueryKey,
  allowUnauthenticated,
  corsOrigins = [],
}: Door): RequestHandler {
  return (req, res, next) => {
    if (apiKeys.length > 0) {
      const caller = namedBy(shownKeys(req, allowQueryKey), apiKeys);
      if (caller === undefined) {
        res.setHeader('WWW-Authenticate', 'Bearer realm="agenticore"');
        throw new AgenticoreError('UNAUTHORIZED');
      }
      callOf(res).caller = caller;
    } else if (!allowUnauthenticated) {
      assertLocalPage(req, corsOrigins);
    }
    next();
  };
}

/**
 * Lets those pass who run the server: with a key, like everybody; without keys only programs on this machine, also
 * where AGENTICORE_ALLOW_UNAUTHENTICATED lets everybody in for work.
 */
export function authenticateOperator(door: Door): RequestHandler {
  const pass = authenticate({ ...door, allowUnauthenticated: false });
  return (req, res, next) => {
    const address = req.socket.remoteAddress ?? '';
    if (door.apiKeys.length === 0 && !isLoopback(address))
      throw new AgenticoreError(
        'UNAUTHORIZED',
        'Without API keys only programs on the machine of the server may do this; set AGENTICORE_API_KEYS.',
      );
    pass(req, res, next);
  };
}

/** Every place where the caller may have put a key; any of them suffices. */
function shownKeys(req: Request, allowQueryKey: boolean): readonly string[] {
  const bearer = /^Bearer +(\S+) *$/i.exec(req.headers.authorization ?? '')?.[1];
  const query = allowQueryKey ? req.query.api_key : undefined;
  return [req.headers['x-api-key'], bearer, query].flat().filter((key) => typeof key === 'string');
}

/** Compares with every key, so that the time taken tells nothing. */
function namedBy(shown: readonly string[], apiKeys: readonly ApiKey[]): string | undefined {
  let name: string | undefined;
  for (const candidate of shown) {
    const hash = sha256(candidate);
    for (const key of apiKeys) {
      if (timingSafeEqual(hash, key.hash)) name ??= key.name;
    }
  }
  return name;
}

/**
 * Without keys only this machine may call, and a web page open on this machine is not "this machine": a foreign
 * Origin, or a foreign Host (DNS rebinding), is refused.
 */
function assertLocalPage({ headers }: Request, corsOrigins: readonly string[]): void {
  const { host, origin } = headers;
  if (host !== undefined && !isLoopback(hostNameOf(`http://${host}`)))
    throw foreign(`the name ${host.slice(0, 100)}`);
  const isAllowed = origin !== undefined && (corsOrigins.includes(origin) || corsOrigins.includes('*'));
  if (origin !== undefined && !isAllowed && !isLoopback(hostNameOf(origin)))
    throw foreign(`pages of ${origin.slice(0, 100)}`);
}

const foreign = (whom: string): AgenticoreError =>
  new AgenticoreError(
    'UNAUTHORIZED',
    `Without API keys this server does not answer to ${whom}; set AGENTICORE_API_KEYS, or call it as localhost.`,
  );

const hostNameOf = (url: string): string => (URL.canParse(url) ? new URL(url).hostname : '');

/** True for addresses and names that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/^::ffff:/, '');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

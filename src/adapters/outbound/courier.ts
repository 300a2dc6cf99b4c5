// The courier: callbacks over HTTP, signed, to nowhere but where callers may send us.
import { AgenticoreError, messageOf } from '../../domain/errors.js';
import { isPrivateHost } from '../../domain/hosts.js';
import type { Courier } from '../../ports/courier.js';
import { withinTime } from '../host/within-time.js';
import { type AllowedHosts, allowHosts } from './allowed-hosts.js';
import { createFindHost, type Resolve } from './find-host.js';
import { post } from './post.js';
import { signedHeaders } from './sign.js';

export interface CourierOptions {
  /** None: no callback is taken on. */
  readonly secrets: readonly string[];
  /** As `allowHosts` has them. */
  readonly allowedHosts?: readonly string[];
  readonly version: string;
  readonly now: () => number;
  /** How names are resolved; as the system does when left out. */
  readonly resolve?: Resolve;
  readonly timeoutMs?: number;
}

const MAX_URL_CHARS = 2048;
const TIMEOUT_MS = 15_000;
const GONE = 410;

/** Throws CONFIG_INVALID for hosts that cannot be. */
export function createCourier(options: CourierOptions): Courier {
  const { secrets, version, now, timeoutMs = TIMEOUT_MS } = options;
  const allowed = allowHosts(options.allowedHosts);
  const findHost = createFindHost(allowed, options.resolve);
  return {
    check(url) {
      if (secrets.length === 0)
        throw refuse('this server has no secret to sign it with (AGENTICORE_CALLBACK_SECRETS)');
      checkUrl(url, allowed);
    },
    async deliver({ url: text, id, body }, signal) {
      try {
        const url = checkUrl(text, allowed);
        const found = await findHost(url.hostname, portOf(url));
        if (found.kind === 'refused') return failed('Its host leads to an address that is not allowed.');
        if (found.kind === 'unknown') return failed(`Its host cannot be found: ${found.error}.`);
        const headers = {
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
          'user-agent': `agenticore/${version}`,
          ...signedHeaders(secrets, id, now(), body),
        };
        const letter = { url, addresses: found.addresses, headers, body };
        return outcomeOf(await withinTime(signal, timeoutMs, (enough) => post(letter, enough)));
      } catch (error) {
        return failed(`No answer: ${messageOf(error)}.`);
      }
    },
  };
}

/** An address that may be tried. The URL parser has turned every spelling of an IPv4 address into the plain one. */
function checkUrl(text: string, allowed: AllowedHosts): URL {
  if (text.length > MAX_URL_CHARS || !URL.canParse(text)) throw refuse('it is no URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('it is neither https: nor http:');
  if (url.username !== '' || url.password !== '') throw refuse('it has credentials in it');
  const hostname = url.hostname.replace(/\.$/, '');
  if (allowed.names(hostname, portOf(url))) return url;
  const isLiteral = hostname.startsWith('[') || /^[\d.]+$/.test(hostname);
  const mayLead = isLiteral
    ? allowed.holds(hostname.replace(/^\[(.*)\]$/, '$1'))
    : allowed.hasNetworks || (allowed.isPublic && !isPrivateHost(hostname));
  if (!mayLead)
    throw refuse(`${hostname} is no host that it may lead to (AGENTICORE_CALLBACK_ALLOWED_HOSTS)`);
  return url;
}

const portOf = ({ port, protocol }: URL): number => Number(port) || (protocol === 'https:' ? 443 : 80);

function outcomeOf(status: number): ReturnType<typeof failed> | { kind: 'delivered'; httpStatus: number } {
  if (status >= 200 && status < 300) return { kind: 'delivered', httpStatus: status };
  const why = status >= 300 && status < 400 ? '; redirects are not followed' : '';
  return failed(`It answered ${status}${why}.`, status === GONE);
}

const failed = (error: string, isFinal = false) => ({ kind: 'failed', error, isFinal }) as const;

const refuse = (fault: string): AgenticoreError =>
  new AgenticoreError('CALLBACK_URL_REFUSED', `This callback_url is not allowed: ${fault}.`);

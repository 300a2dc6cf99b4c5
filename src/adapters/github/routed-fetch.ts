// Requests to GitHub's API through the proxy that the environment names for its host, trusting whom it names.
import type { SecureContext } from 'node:tls';
import { Agent, type Dispatcher, fetch, Pool, ProxyAgent } from 'undici';
import type { ApiFetch } from './client-settings.js';
import { hostFailure, proxyFailure, proxyRefusal } from './on-the-way.js';
import { type NamedProxy, type NetworkVariables, proxyOf } from './proxy-of.js';
import { trustOf } from './trust.js';

/** So long a proxy may take to be there, and to let us through: less than whoever asks has patience. */
const PATIENCE_MS = 8_000;

/** `patienceMs`: tests have less. Throws CONFIG_INVALID. */
export function createRoutedFetch(variables: NetworkVariables, patienceMs = PATIENCE_MS): ApiFetch {
  const secureContext = trustOf(variables);
  const tls = { timeout: patienceMs, ...(secureContext === undefined ? {} : { secureContext }) };
  // By host, since an answer may lead to another one. undici's EnvHttpProxyAgent reads NO_PROXY and the variables' names
  // in its own way, which is not git's.
  const dispatcher = new Agent({
    factory(origin) {
      const proxy = proxyOf(String(origin), variables);
      return proxy === undefined ? new Pool(origin, { connect: tls }) : openProxy(proxy, tls);
    },
  });
  return async (url, init) => {
    const proxy = proxyOf(url, variables);
    try {
      return (await fetch(url, { ...(init as object), dispatcher })) as unknown as Response;
    } catch (error) {
      if (!isLate(error)) init?.signal?.throwIfAborted();
      throw proxy === undefined ? error : hostFailure(error, url, proxy);
    }
  };
}

const isLate = (error: unknown): boolean => error instanceof Error && error.name === 'TimeoutError';

interface Tls {
  readonly timeout: number;
  readonly secureContext?: SecureContext;
}

const openProxy = (proxy: NamedProxy, tls: Tls): Dispatcher =>
  new ProxyAgent({
    uri: proxy.origin,
    ...(proxy.authorization === undefined ? {} : { token: proxy.authorization }),
    proxyTunnel: false, // for https there is one all the same
    proxyTls: tls,
    requestTls: tls,
    clientFactory(origin, options) {
      const pool = new Pool(origin, { ...options, headersTimeout: tls.timeout });
      return Object.assign(pool, { connect: askForTunnel(proxy, pool) });
    },
  });

/** A proxy's own faults are told apart here from those of what lies behind it. */
function askForTunnel(
  proxy: NamedProxy,
  pool: Pool,
): (order: Parameters<Pool['connect']>[0]) => Promise<Dispatcher.ConnectData> {
  const connect = pool.connect.bind(pool);
  return async (order) => {
    const answer = await connect(order).catch((error: unknown) => {
      throw proxyFailure(error, proxy, order.path);
    });
    if (answer.statusCode === 200) return answer;
    answer.socket.on('error', () => {}).destroy();
    throw proxyRefusal(answer.statusCode, proxy, order.path);
  };
}

// On which way requests to GitHub's API leave this machine. What takes another way than Node's own is loaded when a
// request is first made, and only where the environment asks for it.
import type { ApiFetch } from './client-settings.js';
import type { NetworkVariables } from './proxy-of.js';

/** Undefined: Node's own. Throws CONFIG_INVALID. */
export type ApiRoute = () => Promise<ApiFetch | undefined>;

const ASKS_FOR_MORE = /^((https?|all)_proxy|SSL_CERT_FILE)$/i;

/** A route of these variables; its connections are shared by all who use it. */
export function createApiRoute(variables: NetworkVariables): ApiRoute {
  let opening: Promise<ApiFetch> | undefined;
  const open = async (): Promise<ApiFetch> => {
    // Looked at, it is loaded: undici would else make itself what every fetch of this process goes through.
    void globalThis.Response;
    return (await import('./routed-fetch.js')).createRoutedFetch(variables);
  };
  return async () => {
    if (!Object.keys(variables).some((name) => ASKS_FOR_MORE.test(name))) return undefined;
    opening ??= open();
    return opening;
  };
}

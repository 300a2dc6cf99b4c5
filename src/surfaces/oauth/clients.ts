// Which clients there are: one of the configuration, and those that registered themselves. These keep no secret (they
// prove themselves by PKCE), and are forgotten when nobody uses them.
import type { OAuthRegisteredClientsStore } from '@modelcontextprotocol/sdk/server/auth/clients.js';
import { InvalidClientMetadataError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { redirectUriMatches } from '@modelcontextprotocol/sdk/server/auth/handlers/authorize.js';
import type { OAuthClientInformationFull } from '@modelcontextprotocol/sdk/shared/auth.js';
import type { OAuthDeps } from './oauth-deps.js';

/** How long a registration waits for the first person to allow it something, and then for the next use. */
const UNUSED_MS = 86_400_000;
const USED_MS = 90 * 86_400_000;

const MAX_URIS = 10;
const MAX_NAME_CHARS = 100;
const OUR_ID = /^[0-9a-f-]{36}$/;
/** A name is shown to a person: without line ends, and without signs that turn the text around. */
const plain = (name: string): string => name.replace(/\p{C}/gu, ' ').slice(0, MAX_NAME_CHARS);
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

type Unregistered = Omit<OAuthClientInformationFull, 'client_id' | 'client_id_issued_at'>;

export interface Clients extends OAuthRegisteredClientsStore {
  getClient(clientId: string): Promise<OAuthClientInformationFull | undefined>;
  /** Undefined where clients may not register themselves. */
  registerClient?(client: Unregistered): Promise<OAuthClientInformationFull>;
  /** Keeps a registration for longer. */
  used(client: OAuthClientInformationFull): Promise<void>;
}

export function createClients({
  settings,
  grants,
  log,
}: Pick<OAuthDeps, 'settings' | 'grants' | 'log'>): Clients {
  const { client: known, allowedRedirectUris, dynamicRegistration } = settings;

  /** Listed, or on the person's own machine, or, when nothing is listed, anywhere on the web. */
  function mayReturnTo(uri: string): boolean {
    const { protocol, hostname } = new URL(uri);
    if (allowedRedirectUris.some((allowed) => redirectUriMatches(uri, allowed))) return true;
    const isHere = protocol === 'http:' && LOOPBACK.includes(hostname);
    return isHere || (protocol === 'https:' && allowedRedirectUris.length === 0);
  }

  async function register(client: OAuthClientInformationFull): Promise<OAuthClientInformationFull> {
    const { client_id, client_id_issued_at, client_name, redirect_uris } = client;
    const wrong = redirect_uris.find((uri) => uri.includes('#') || !mayReturnTo(uri));
    if (wrong !== undefined)
      throw new InvalidClientMetadataError(`This server does not send anybody to ${wrong.slice(0, 200)}`);
    if (redirect_uris.length === 0 || redirect_uris.length > MAX_URIS)
      throw new InvalidClientMetadataError(`redirect_uris must be 1 to ${MAX_URIS} addresses`);
    const registered: OAuthClientInformationFull = {
      ...{ client_id, client_id_issued_at, redirect_uris },
      ...(client_name === undefined ? {} : { client_name: plain(client_name) }),
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
    await grants.put('client', client_id, JSON.stringify(registered), UNUSED_MS);
    log('oauth.registered', { client_id, name: registered.client_name });
    return registered;
  }

  return {
    async getClient(clientId) {
      // Its secret has been checked before (client-secret), so that the library need not know it.
      if (clientId === known?.id)
        return { client_id: clientId, client_name: clientId, redirect_uris: [...allowedRedirectUris] };
      const text = OUR_ID.test(clientId) ? await grants.find('client', clientId) : undefined;
      return text === undefined ? undefined : JSON.parse(text);
    },
    // The library has added id and date, though its type does not say so.
    ...(dynamicRegistration && {
      registerClient: (client: Unregistered) => register(client as OAuthClientInformationFull),
    }),
    async used(client) {
      if (client.client_id !== known?.id)
        await grants.put('client', client.client_id, JSON.stringify(client), USED_MS);
    },
  };
}

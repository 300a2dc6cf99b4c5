// A server with OAuth behind the address of its issuer, as behind a proxy, and a client written by hand that can do wrong.
import { createHash, randomBytes } from 'node:crypto';
import type { Bus } from '../../../src/ports/bus.js';
import type { OAuthSettings } from '../../../src/surfaces/oauth/oauth-deps.js';
import { createOAuthServer } from '../../../src/surfaces/oauth/oauth-server.js';
import { type Json, jsonOf, startTestServer, type TestServer } from '../http/test-server.js';
import { type Ask, sayYes } from './person.js';

export const ISSUER = 'https://agenticore.example';
export const RESOURCE = `${ISSUER}/mcp`;
export const LOGIN_SECRET = 'correct horse battery';
export const REDIRECT = 'http://127.0.0.1:4711/cb';

const SETTINGS: OAuthSettings = {
  issuer: new URL(ISSUER),
  resource: new URL(RESOURCE),
  loginSecret: LOGIN_SECRET,
  client: undefined,
  allowedRedirectUris: [],
  allowedScopes: ['jobs:read', 'jobs:write', 'agent:chat'],
  dynamicRegistration: true,
};

export interface Authorisation {
  readonly url: URL;
  readonly verifier: string;
}

export interface OAuthKit {
  readonly server: TestServer;
  /** `fetch`, with the server behind the issuer's address; redirects are not followed. */
  readonly ask: Ask;
  /** The server's clock goes forward. */
  pass(ms: number): void;
  register(metadata?: Json): Promise<Response>;
  /** The id of a client that has just registered. */
  clientId(): Promise<string>;
  /** Where a client sends a person; a field that is empty is left out. */
  authorise(clientId: string, fields?: Readonly<Record<string, string>>): Authorisation;
  /** The code that a person's yes gives. */
  code(authorisation: Authorisation): Promise<string>;
  token(fields: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly body: Json }>;
  redeem(
    clientId: string,
    code: string,
    authorisation: Authorisation,
    fields?: Readonly<Record<string, string>>,
  ): ReturnType<OAuthKit['token']>;
  /** From registration to tokens. */
  dance(fields?: Readonly<Record<string, string>>): Promise<{
    readonly clientId: string;
    readonly access: string;
    readonly refresh: string;
    readonly code: string;
    readonly authorisation: Authorisation;
  }>;
  /** Status of a request with this token. */
  opens(token: unknown, path?: string, method?: string): Promise<number>;
}

export async function startOAuth(
  t: { after(done: () => Promise<void>): void },
  change: Partial<OAuthSettings> = {},
  options: { readonly apiKeys?: readonly string[]; readonly wrapBus?: (bus: Bus) => Bus } = {},
): Promise<OAuthKit> {
  let passed = 0;
  const server = await startTestServer(t, {
    ...options,
    change: (deps) => ({
      ...deps,
      oauth: createOAuthServer({
        settings: { ...SETTINGS, ...change },
        grants: deps.bus.grants,
        tallies: deps.bus.tallies,
        ping: deps.bus.ping,
        clock: { now: () => Date.now() + passed },
        log: deps.log,
      }),
    }),
  });
  const ask: Ask = (url, init) =>
    fetch(String(url).replace(ISSUER, server.url), { redirect: 'manual', ...init });

  const kit: OAuthKit = {
    server,
    ask,
    pass(ms) {
      passed += ms;
    },
    register: (metadata = {}) =>
      ask(`${ISSUER}/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ client_name: 'by hand', redirect_uris: [REDIRECT], ...metadata }),
      }),
    clientId: async () => String((await jsonOf(await kit.register())).client_id),
    authorise(clientId, fields = {}) {
      const verifier = randomBytes(32).toString('base64url');
      const url = new URL('/authorize', ISSUER);
      const all = {
        response_type: 'code',
        client_id: clientId,
        redirect_uri: REDIRECT,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        state: 's',
        ...fields,
      };
      for (const [name, value] of Object.entries(all)) if (value !== '') url.searchParams.set(name, value);
      return { url, verifier };
    },
    code: async ({ url }) => (await sayYes(ask, url, LOGIN_SECRET)).searchParams.get('code') ?? '',
    async token(fields) {
      const response = await ask(`${ISSUER}/token`, { method: 'POST', body: new URLSearchParams(fields) });
      return { status: response.status, body: await jsonOf(response) };
    },
    redeem: (clientId, code, { url, verifier }, fields = {}) =>
      kit.token({
        grant_type: 'authorization_code',
        client_id: clientId,
        code,
        code_verifier: verifier,
        redirect_uri: url.searchParams.get('redirect_uri') ?? '',
        ...fields,
      }),
    async dance(fields) {
      const clientId = await kit.clientId();
      const authorisation = kit.authorise(clientId, fields);
      const code = await kit.code(authorisation);
      const { body } = await kit.redeem(clientId, code, authorisation);
      const [access, refresh] = [String(body.access_token), String(body.refresh_token)];
      return { clientId, access, refresh, code, authorisation };
    },
    async opens(token, path = '/jobs', method = 'GET') {
      const response = await ask(`${ISSUER}${path}`, {
        method,
        headers: { authorization: `Bearer ${String(token)}` },
      });
      await response.text();
      return response.status;
    },
  };
  return kit;
}

// What the library's endpoints ask for: it has checked the form of a request, its redirect and its PKCE proof; who may
// have what is decided here.
import {
  InvalidGrantError,
  InvalidScopeError,
  InvalidTargetError,
  OAuthError,
  TemporarilyUnavailableError,
} from '@modelcontextprotocol/sdk/server/auth/errors.js';
import type {
  AuthorizationParams,
  OAuthServerProvider,
} from '@modelcontextprotocol/sdk/server/auth/provider.js';
import type { OAuthClientInformationFull, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import { isCode } from '../../domain/errors.js';
import type { Grant } from '../../domain/grant.js';
import { isScope, type Scope } from '../../domain/scope.js';
import { askConsent } from './ask-consent.js';
import type { Clients } from './clients.js';
import type { GrantBook, Tokens } from './grant-book.js';
import { type OAuthDeps, resourcesOf } from './oauth-deps.js';

export function createProvider(deps: OAuthDeps, clients: Clients, book: GrantBook): OAuthServerProvider {
  const { settings, log } = deps;
  const { getClient, registerClient } = clients;

  /** The library answers what it does not know with 500 and says it to nobody. */
  const told =
    <A extends readonly unknown[], R>(work: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      work(...args).catch((error: unknown) => {
        if (error instanceof OAuthError) throw error;
        if (isCode(error, 'BUS_UNREACHABLE')) throw new TemporarilyUnavailableError('The bus is away');
        log('oauth.bug', { stack: error instanceof Error ? error.stack : String(error) }, 'error');
        throw error;
      });

  /** What a client may ask a person for. Throws InvalidTargetError, InvalidScopeError. */
  function approvable(client: OAuthClientInformationFull, { scopes = [], resource }: AuthorizationParams) {
    const resources = resourcesOf(settings);
    const wanted = resource ?? settings.resource;
    if (!resources.some(({ href }) => href === wanted.href))
      throw new InvalidTargetError(`Tokens are given for ${resources.map(({ href }) => href).join(' and ')}`);
    return {
      clientId: client.client_id,
      scopes: scopes.length === 0 ? settings.allowedScopes : within(scopes, settings.allowedScopes),
      resource: wanted.href,
    };
  }

  /** Throws InvalidGrantError. */
  async function grantOf(kind: 'code' | 'refresh', text: string, clientId: string): Promise<Grant> {
    const grant = await book.find(kind, text, clientId);
    if (grant === undefined) throw new InvalidGrantError(NOT_GOOD);
    return grant;
  }

  /** Throws InvalidGrantError when there are none. */
  async function hand(client: OAuthClientInformationFull, tokens: Tokens | undefined): Promise<OAuthTokens> {
    if (tokens === undefined) throw new InvalidGrantError(NOT_GOOD);
    await clients.used(client);
    return {
      access_token: tokens.access,
      token_type: 'bearer',
      expires_in: tokens.expiresInS,
      refresh_token: tokens.refresh,
      scope: tokens.scopes.join(' '),
    };
  }

  return {
    clientsStore: {
      getClient: told(getClient),
      ...(registerClient && { registerClient: told(registerClient) }),
    },

    authorize: told(async (client, params, res) => {
      const { clientId, scopes, resource } = approvable(client, params);
      const { codeChallenge: challenge, redirectUri, state } = params;
      const fields = {
        ...{ response_type: 'code', client_id: clientId, redirect_uri: redirectUri, resource },
        ...{ code_challenge: challenge, code_challenge_method: 'S256', scope: scopes.join(' ') },
        ...(state === undefined ? {} : { state }),
      };
      const request = { clientId, clientName: client.client_name, redirectUri, scopes, resource, fields };
      if (!(await askConsent(deps, res, request))) return;
      const target = new URL(redirectUri);
      const code = await book.open({ clientId, scopes, resource, challenge, redirectUri });
      target.searchParams.set('code', code);
      if (state !== undefined) target.searchParams.set('state', state);
      res.redirect(302, target.href);
    }),

    challengeForAuthorizationCode: told(
      async (client, text) => (await grantOf('code', text, client.client_id)).code.challenge,
    ),

    exchangeAuthorizationCode: told(async (client, text, _verifier, redirectUri, resource) => {
      const grant = await grantOf('code', text, client.client_id);
      if (redirectUri !== undefined && redirectUri !== grant.code.redirectUri)
        throw new InvalidGrantError('redirect_uri is not the one that the code was sent to');
      assertFor(resource, grant);
      return hand(client, await book.redeem(text, grant));
    }),

    exchangeRefreshToken: told(async (client, text, asked, resource) => {
      const grant = await grantOf('refresh', text, client.client_id);
      assertFor(resource, grant);
      return hand(client, await book.rotate(text, asked ? within(asked, grant.scopes) : grant.scopes));
    }),

    revokeToken: told((client, { token }) => book.revoke(token, client.client_id)),

    verifyAccessToken: () => Promise.reject(new Error('tokens are checked at the door (surfaces/http/auth)')),
  };
}

const NOT_GOOD = 'It is not known here, was used before, or is not of this client';

/** Throws InvalidScopeError. */
function within(asked: readonly string[], allowed: readonly Scope[]): readonly Scope[] {
  const scopes = [...new Set(asked)].filter(isScope);
  if (scopes.length < new Set(asked).size || !scopes.every((scope) => allowed.includes(scope)))
    throw new InvalidScopeError(`These scopes can be had: ${allowed.join(' ')}`);
  return scopes;
}

/** Throws InvalidTargetError. */
function assertFor(resource: URL | undefined, grant: Grant): void {
  if (resource !== undefined && resource.href !== grant.resource)
    throw new InvalidTargetError(`This grant is for ${grant.resource}`);
}

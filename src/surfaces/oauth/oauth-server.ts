// The OAuth counter: how clients come to tokens that open this server, and whose a token is.
import { TooManyRequestsError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { metadataHandler } from '@modelcontextprotocol/sdk/server/auth/handlers/metadata.js';
import { mcpAuthRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
import express from 'express';
import type { HttpDeps } from '../http/http-deps.js';
import { checkClientSecret } from './client-secret.js';
import { createClients } from './clients.js';
import { createGrantBook } from './grant-book.js';
import { type OAuthDeps, resourcesOf } from './oauth-deps.js';
import { createProvider } from './provider.js';
import { mayTry, REGISTRATIONS } from './tries.js';

const METADATA = '/.well-known/oauth-protected-resource';
const SERVER_METADATA = '/.well-known/oauth-authorization-server';
const ENDPOINTS = ['/authorize', '/token', '/register', '/revoke'];

/** Of two addresses with the same, the router makes no difference. */
const plain = (path: string): string => path.toLowerCase().replace(/\/$/, '');

export function createOAuthServer(deps: OAuthDeps): NonNullable<HttpDeps['oauth']> {
  const { settings, tallies, ping } = deps;
  const { issuer, resource, allowedScopes } = settings;
  const book = createGrantBook(deps);
  const provider = createProvider(deps, createClients(deps), book);
  const scopesSupported = [...allowedScopes];
  // Tries are counted on the bus, for all processes, and only where a stranger gains by trying.
  const options = { rateLimit: false } as const;

  const routes = express.Router();
  const addresses = [...ENDPOINTS, SERVER_METADATA, METADATA, METADATA + resource.pathname].map(plain);
  // The library answers whatever begins with one of its addresses.
  routes.use(({ path }, _res, next) => next(addresses.includes(plain(path)) ? undefined : 'router'));
  // Here a bus that is away is still told as everywhere: 503, come back later.
  routes.use(ENDPOINTS, (_req, _res, next) => ping().then(() => next(), next));
  routes.use(['/token', '/revoke'], ...checkClientSecret(settings));
  routes.post('/register', async (req, res, next) => {
    if (await mayTry(tallies, 'registration', req.socket.remoteAddress, REGISTRATIONS)) return next();
    res.setHeader('Retry-After', String(REGISTRATIONS.windowMs / 1000));
    res.status(429).json(new TooManyRequestsError('Too many clients have registered').toResponseObject());
  });
  routes.use(
    mcpAuthRouter({
      ...{ provider, issuerUrl: issuer, resourceServerUrl: resource, scopesSupported },
      resourceName: 'Agenticore',
      authorizationOptions: options,
      tokenOptions: options,
      revocationOptions: options,
      clientRegistrationOptions: options,
    }),
  );
  // The same for the server as a whole: REST, and clients that know no more than its address.
  routes.use(
    METADATA,
    metadataHandler({
      resource: new URL('/', issuer).href,
      authorization_servers: [issuer.href],
      scopes_supported: scopesSupported,
      resource_name: 'Agenticore',
    }),
  );

  const audiences = resourcesOf(settings).map(({ href }) => href);
  return {
    routes,
    origin: issuer.origin,
    tokens: {
      async identify(token) {
        const access = await book.access(token);
        if (access === undefined || !audiences.includes(access.resource)) return undefined;
        // What the configuration no longer allows is not had any more.
        const scopes = access.scopes.filter((scope) => allowedScopes.includes(scope));
        return { name: `oauth:${access.clientId}`, scopes };
      },
      metadataUrl: (path) =>
        new URL(path === resource.pathname && path !== '/' ? METADATA + path : METADATA, issuer).href,
    },
  };
}

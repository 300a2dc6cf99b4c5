// Whether and how clients get tokens here, as the configuration says.
import type { HttpDeps } from '../surfaces/http/http-deps.js';
import type { Machines } from './machines.js';

/** Undefined when OAuth is off. */
export async function openOAuth({ config, bus, clock, log }: Machines): Promise<HttpDeps['oauth']> {
  const { issuerUrl, loginSecret, clientId, clientSecret, resourceUrl, ...settings } = config.oauth;
  if (issuerUrl === undefined || loginSecret === undefined) return undefined;
  // The library behind it takes as long to load as the rest of the counter.
  const { createOAuthServer } = await import('../surfaces/oauth/oauth-server.js');
  const client = clientId === undefined ? undefined : { id: clientId, secret: clientSecret };
  return createOAuthServer({
    settings: {
      ...settings,
      ...{ client, loginSecret },
      issuer: new URL(issuerUrl),
      resource: new URL(resourceUrl ?? '/mcp', issuerUrl),
    },
    ...{ grants: bus.grants, tallies: bus.tallies, ping: bus.ping, clock, log },
  });
}

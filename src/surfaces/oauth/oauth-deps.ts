// What the OAuth counter is built from: facts of the configuration, and the bus that remembers.
import type { Scope } from '../../domain/scope.js';
import type { Clock } from '../../ports/clock.js';
import type { Grants } from '../../ports/grants.js';
import type { Log } from '../../ports/log.js';
import type { Tallies } from '../../ports/tallies.js';

export interface OAuthSettings {
  /** Where this server is reached: its origin. */
  readonly issuer: URL;
  /** The name of the MCP endpoint in tokens. */
  readonly resource: URL;
  /** Who knows it may allow clients to act. */
  readonly loginSecret: string;
  /** A client that need not register. */
  readonly client: { readonly id: string; readonly secret: string | undefined } | undefined;
  readonly allowedRedirectUris: readonly string[];
  readonly allowedScopes: readonly Scope[];
  /** Whether clients may register themselves. */
  readonly dynamicRegistration: boolean;
}

export interface OAuthDeps {
  readonly settings: OAuthSettings;
  readonly grants: Grants;
  readonly tallies: Tallies;
  /** Resolves when the bus can be written to; throws BUS_UNREACHABLE. */
  readonly ping: () => Promise<void>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** What tokens may be for: the MCP endpoint, or the whole server. */
export const resourcesOf = ({ issuer, resource }: OAuthSettings): readonly URL[] => [
  resource,
  new URL('/', issuer),
];

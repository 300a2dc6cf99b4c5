// The life of grants on the bus: each change is decided on the record as it stands, and made only if it still stands so.
import {
  type Grant,
  goodAccess,
  type Issue,
  redeem,
  revokeAccess,
  rotate,
  type Verdict,
} from '../../domain/grant.js';
import type { Scope } from '../../domain/scope.js';
import type { OAuthDeps } from './oauth-deps.js';
import { newGrantId, newSecret, readSecret } from './secrets.js';

const CODE_MS = 60_000;
const ACCESS_MS = 15 * 60_000;
/** After this time without a refresh a client must ask again. */
const GRANT_MS = 30 * 86_400_000;

/** What a person agreed to. */
export interface Approval extends Pick<Grant, 'clientId' | 'scopes' | 'resource'> {
  readonly challenge: string;
  readonly redirectUri: string;
}

/** What a client is handed. */
export interface Tokens {
  readonly access: string;
  readonly refresh: string;
  readonly expiresInS: number;
  readonly scopes: readonly Scope[];
}

export type GrantBook = ReturnType<typeof createGrantBook>;

export function createGrantBook({ grants, clock, log }: Pick<OAuthDeps, 'grants' | 'clock' | 'log'>) {
  async function load(
    grantId: string,
  ): Promise<{ readonly text: string; readonly grant: Grant } | undefined> {
    const text = await grants.find('grant', grantId);
    return text === undefined ? undefined : { text, grant: JSON.parse(text) };
  }

  /** The grant that a code or token names, when it is this client's. */
  async function ofClient(
    secret: ReturnType<typeof readSecret>,
    clientId: string,
  ): Promise<Grant | undefined> {
    const grant = secret && (await load(secret.grantId))?.grant;
    return grant?.clientId === clientId ? grant : undefined;
  }

  /** Decides until nobody else was faster. Undefined when it is refused; a grant of which something was stolen is ended. */
  async function change(grantId: string, decide: (grant: Grant) => Verdict): Promise<Grant | undefined> {
    for (;;) {
      const found = await load(grantId);
      if (found === undefined) return undefined;
      const verdict = decide(found.grant);
      switch (verdict.kind) {
        case 'granted':
          if (await grants.replace('grant', grantId, found.text, JSON.stringify(verdict.grant), GRANT_MS))
            return verdict.grant;
          continue;
        case 'stolen':
          await grants.remove('grant', grantId);
          log('oauth.stolen', { client_id: found.grant.clientId, grant: grantId }, 'warn');
          return undefined;
        case 'refused':
          return undefined;
        default:
          return verdict satisfies never;
      }
    }
  }

  /** Hands out the next pair of tokens, if `decide` lets it. */
  async function handOut(
    grantId: string,
    scopes: readonly Scope[],
    decide: (grant: Grant, issue: Issue) => Verdict,
  ): Promise<Tokens | undefined> {
    const now = clock.now();
    const [access, refresh] = [newSecret('access', grantId), newSecret('refresh', grantId)];
    const issue = {
      refresh: refresh.hash,
      access: { hash: access.hash, until: now + ACCESS_MS, scopes },
      now,
    };
    const changed = await change(grantId, (grant) => decide(grant, issue));
    return changed && { access: access.text, refresh: refresh.text, expiresInS: ACCESS_MS / 1000, scopes };
  }

  return {
    /** Begins a grant; resolves with the code that the client redeems. */
    async open({ challenge, redirectUri, ...approval }: Approval): Promise<string> {
      const grantId = newGrantId();
      const code = newSecret('code', grantId);
      const grant: Grant = { ...approval, code: { hash: code.hash, challenge, redirectUri }, access: [] };
      await grants.put('grant', grantId, JSON.stringify(grant), CODE_MS);
      log('oauth.granted', { client_id: grant.clientId, grant: grantId, scopes: grant.scopes });
      return code.text;
    },

    /** The grant of a code or refresh token of this client; it may have been used before. */
    find: (kind: 'code' | 'refresh', text: string, clientId: string): Promise<Grant | undefined> =>
      ofClient(readSecret(kind, text), clientId),

    /** The code against the first pair of tokens. */
    async redeem(text: string, { scopes }: Grant): Promise<Tokens | undefined> {
      const code = readSecret('code', text);
      return code && handOut(code.grantId, scopes, (grant, issue) => redeem(grant, code.hash, issue));
    },

    /** A refresh token against the next pair, of which the access token may have fewer scopes. */
    async rotate(text: string, scopes: readonly Scope[]): Promise<Tokens | undefined> {
      const refresh = readSecret('refresh', text);
      return (
        refresh && handOut(refresh.grantId, scopes, (grant, issue) => rotate(grant, refresh.hash, issue))
      );
    },

    /** Ends an access token, or with a refresh token the whole grant. Does nothing for what is none of this client's. */
    async revoke(text: string, clientId: string): Promise<void> {
      const [refresh, access] = [readSecret('refresh', text), readSecret('access', text)];
      const grant = await ofClient(refresh ?? access, clientId);
      if (grant === undefined) return;
      if (access !== undefined) await change(access.grantId, (now) => revokeAccess(now, access.hash));
      if (refresh !== undefined) await grants.remove('grant', refresh.grantId);
      log('oauth.revoked', { client_id: clientId, whole: refresh !== undefined });
    },

    /** What an access token opens, while it is good. */
    async access(text: string) {
      const secret = readSecret('access', text);
      const grant = secret && (await load(secret.grantId))?.grant;
      const token = grant && goodAccess(grant, secret.hash, clock.now());
      return token && { clientId: grant.clientId, resource: grant.resource, scopes: token.scopes };
    },
  };
}

// What a person has allowed a client to do, and which code and tokens came of it: one record, so that ending it ends them
// all. Secrets are known by their hashes only.
import type { Scope } from './scope.js';

export interface AccessToken {
  readonly hash: string;
  /** Epoch milliseconds. */
  readonly until: number;
  readonly scopes: readonly Scope[];
}

export interface Grant {
  readonly clientId: string;
  readonly scopes: readonly Scope[];
  /** What the tokens are for. */
  readonly resource: string;
  /** What the client was sent, to be redeemed once; kept afterwards, so that a second time is noticed. */
  readonly code: { readonly hash: string; readonly challenge: string; readonly redirectUri: string };
  /** The one refresh token that is good; undefined until the code is redeemed. */
  readonly refresh?: string;
  readonly access: readonly AccessToken[];
}

/** What is handed out together. */
export interface Issue {
  readonly refresh: string;
  readonly access: AccessToken;
  readonly now: number;
}

export type Verdict =
  | { readonly kind: 'granted'; readonly grant: Grant }
  | { readonly kind: 'refused' }
  /** Somebody used what had been used before: the client or a thief, nobody knows which. The grant must end. */
  | { readonly kind: 'stolen' };

/** How many access tokens of one grant may be good at once: a client that refreshes too eagerly loses the oldest. */
const MAX_ACCESS = 10;

/** The code against tokens. */
export function redeem(grant: Grant, code: string, issue: Issue): Verdict {
  if (grant.code.hash !== code) return { kind: 'refused' };
  return grant.refresh === undefined ? granted(grant, issue) : { kind: 'stolen' };
}

/** A refresh token against the next one. */
export function rotate(grant: Grant, refresh: string, issue: Issue): Verdict {
  if (grant.refresh === undefined) return { kind: 'refused' };
  return grant.refresh === refresh ? granted(grant, issue) : { kind: 'stolen' };
}

/** An access token is good no longer. */
export function revokeAccess(grant: Grant, hash: string): Verdict {
  const access = grant.access.filter((token) => token.hash !== hash);
  return access.length < grant.access.length
    ? { kind: 'granted', grant: { ...grant, access } }
    : { kind: 'refused' };
}

/** The access token of this hash, while it is good. */
export const goodAccess = (grant: Grant, hash: string, now: number): AccessToken | undefined =>
  grant.access.find((token) => token.hash === hash && token.until > now);

function granted(grant: Grant, { refresh, access, now }: Issue): Verdict {
  const good = grant.access.filter(({ until }) => until > now);
  return { kind: 'granted', grant: { ...grant, refresh, access: [...good, access].slice(-MAX_ACCESS) } };
}

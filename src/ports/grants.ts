// What OAuth must remember, known to the whole fleet: clients that registered themselves, and what was granted to whom.
// Each is one text, replaced as a whole by somebody who knows how it stands, so that of many who use the same code or
// refresh token at once one succeeds.

export type GrantKind = 'client' | 'grant';

/** Every method throws BUS_UNREACHABLE when the bus does not answer. */
export interface Grants {
  find(kind: GrantKind, id: string): Promise<string | undefined>;
  /** Keeps it for `ttlMs` from now, whatever was there. */
  put(kind: GrantKind, id: string, text: string, ttlMs: number): Promise<void>;
  /** Puts `after` in the place of `before`, for `ttlMs` from now. False when something else is there: nothing changed. */
  replace(kind: GrantKind, id: string, before: string, after: string, ttlMs: number): Promise<boolean>;
  remove(kind: GrantKind, id: string): Promise<void>;
}

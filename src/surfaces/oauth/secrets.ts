// Codes and tokens: what they look like, and the grant that each names. Only their hashes are kept, and what the time of
// comparing hashes tells says nothing of a secret.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Their beginnings, by which people and scanners know them. */
const PREFIXES = { code: 'agcode', refresh: 'agrefresh', access: 'agaccess' } as const;

export type SecretKind = keyof typeof PREFIXES;

export interface Secret {
  readonly text: string;
  readonly hash: string;
}

const FORM = /^([a-z]+)\.([\w-]{22})\.[\w-]{43}$/;

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

export const newGrantId = (): string => randomBytes(16).toString('base64url');

export function newSecret(kind: SecretKind, grantId: string): Secret {
  const text = `${PREFIXES[kind]}.${grantId}.${randomBytes(32).toString('base64url')}`;
  return { text, hash: hashOf(text) };
}

/** The grant that a code or token names, and its hash; undefined for anything that is none of this kind. */
export function readSecret(
  kind: SecretKind,
  text: string,
): { readonly grantId: string; readonly hash: string } | undefined {
  const [, prefix, grantId] = FORM.exec(text) ?? [];
  return prefix === PREFIXES[kind] && grantId !== undefined ? { grantId, hash: hashOf(text) } : undefined;
}

const hashOf = (text: string): string => sha256(text).toString('base64url');

/** Compares in a time that does not depend on how much is right. */
export const isSame = (given: unknown, wanted: string): boolean =>
  typeof given === 'string' && timingSafeEqual(sha256(given), sha256(wanted));

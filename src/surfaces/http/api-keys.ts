// API keys, known by their hashes: how they are configured, and whose a shown one is.
import { createHash, timingSafeEqual } from 'node:crypto';
import { AgenticoreError } from '../../domain/errors.js';
import { isScope, SCOPES, type Scope } from '../../domain/scope.js';
import type { Identity } from './call.js';

/** A key that callers may show: its SHA-256, the name that stands for it in audit and limits, and what it opens. */
export interface ApiKey extends Identity {
  readonly hash: Buffer;
}

const ENTRY = /^(?:(?<name>[^:[\]]*)(?:\[(?<scopes>[^\]]*)\])?:)?(?<key>.*)$/s;
const HASHED = /^sha256:([0-9a-f]{64})$/i;

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Keys as configured: `key`, `name:key` or `name[scope scope]:key`, where `sha256:<hex>` may stand for the key. One
 * without a name is called by the start of its hash, one without scopes may do everything. Throws CONFIG_INVALID.
 */
export function hashApiKeys(entries: readonly string[]): readonly ApiKey[] {
  return entries.map((entry) => (HASHED.test(entry) ? apiKey(undefined, undefined, entry) : parsed(entry)));
}

function parsed(entry: string): ApiKey {
  const { name, scopes, key = '' } = ENTRY.exec(entry)?.groups ?? {};
  return apiKey(name?.trim(), scopes, key.trim());
}

function apiKey(name: string | undefined, scopes: string | undefined, key: string): ApiKey {
  if (key === '' || name === '')
    throw invalid('must be `key`, `name:key` or `name[scope scope]:key`; `sha256:<hex>` may stand for a key');
  const hex = HASHED.exec(key)?.[1];
  const hash = hex === undefined ? sha256(key) : Buffer.from(hex, 'hex');
  return {
    name: name ?? `key-${hash.toString('hex').slice(0, 8)}`,
    scopes: scopes === undefined ? SCOPES : scopesOf(scopes),
    hash,
  };
}

function scopesOf(text: string): readonly Scope[] {
  const words = text.split(' ').filter((word) => word !== '');
  if (words.length === 0 || !words.every(isScope))
    throw invalid(`may have these scopes, with spaces between them: ${SCOPES.join(' ')}`);
  return words;
}

const invalid = (what: string): AgenticoreError =>
  new AgenticoreError('CONFIG_INVALID', `Each entry of AGENTICORE_API_KEYS ${what}.`);

/** Compares with every key, so that the time taken tells nothing. */
export function keyOf(shown: readonly string[], apiKeys: readonly ApiKey[]): ApiKey | undefined {
  let found: ApiKey | undefined;
  for (const candidate of shown) {
    const hash = sha256(candidate);
    for (const key of apiKeys) {
      if (timingSafeEqual(hash, key.hash)) found ??= key;
    }
  }
  return found;
}

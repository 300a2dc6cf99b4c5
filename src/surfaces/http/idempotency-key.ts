// Idempotency-Key: a client that has lost an answer asks again under the same key, and nothing is begun twice.
import type { Request } from 'express';
import { invalid } from './limits.js';

/** The key of a request, scoped by who calls; undefined without one. Throws INVALID_REQUEST on a malformed key. */
export function idempotencyKeyOf(req: Request, caller: string): string | undefined {
  const key = req.get('idempotency-key');
  if (key === undefined) return undefined;
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw invalid('Idempotency-Key', 'must be 1 to 255 visible ASCII characters');
  // A key holds no space, so that caller and key cannot be told apart in two ways.
  return `${caller} ${key}`;
}

// SHA-256 for the hash chains and digests.
import { createHash } from 'node:crypto';
import type { Hash } from '../../domain/evidence.js';

/** SHA-256 of UTF-8 text as lower-case hex. */
export const sha256: Hash = (text) => createHash('sha256').update(text).digest('hex');

// SHA-256 for the hash chains and digests.
import { hash } from 'node:crypto';
import type { Hash } from '../../domain/evidence.js';

/** SHA-256 of UTF-8 text as lower-case hex. */
export const sha256: Hash = (text) => hash('sha256', text);

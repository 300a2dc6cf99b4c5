// A domain event on the wire: snake_case, ISO times, public codes, and never larger than a frame may be.
import { type ErrorCode, publicCode } from '../../domain/errors.js';
import type { Hash } from '../../domain/evidence.js';
import { INLINE_LIMIT_BYTES } from '../../domain/evidence.js';
import { hostOf, isoTime } from './job-json.js';

const PREVIEW_CHARS = 4096;

/** Epoch milliseconds in the ledger. */
const TIMES = new Set(['at', 'retryAt', 'until']);
/** Named as in POST /jobs. */
const NAMES: Readonly<Record<string, string>> = {
  queueTtlS: 'queue_ttl_seconds',
  ttlS: 'ttl_seconds',
  feedTtlS: 'feed_ttl_seconds',
};

const wireName = (key: string): string =>
  NAMES[key] ?? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

type Members = Readonly<Record<string, unknown>>;

/** The ledger's own keys are translated; what callers and Claude named (metadata, usage) is not. */
function translate(members: Members): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).map(([key, value]) => {
      if (TIMES.has(key) && typeof value === 'number') return [wireName(key), isoTime(value)];
      if (key === 'code' && typeof value === 'string') return ['code', publicCode(value as ErrorCode)];
      if (key === 'callbackUrl') return ['callback_host', hostOf(String(value))];
      if (key === 'order' || key === 'turn' || key === 'delivers') return [key, translate(value as Members)];
      if (key === 'commands') return [key, (value as readonly Members[]).map(translate)];
      return [wireName(key), value];
    }),
  );
}

/**
 * One line of JSON for a ledger record as it stands in a feed. One that outgrows a frame becomes a preview with size,
 * SHA-256 (of the line it stands for) and the address of the job, which has everything.
 */
export function eventJson(data: string, jobId: string | undefined, hash: Hash): string {
  const event = translate(JSON.parse(data) as Members);
  const line = JSON.stringify(event);
  const bytes = Buffer.byteLength(line);
  if (bytes <= INLINE_LIMIT_BYTES) return line;
  const { type, version, at, job_id = jobId } = event;
  const preview = line.slice(0, PREVIEW_CHARS).replace(/\p{Surrogate}$/u, '');
  return JSON.stringify({
    type,
    version,
    at,
    job_id,
    preview,
    bytes,
    sha256: hash(line),
    href: `/jobs/${job_id}`,
  });
}

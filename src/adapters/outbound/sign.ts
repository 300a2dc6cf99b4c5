// The headers that say who sent a callback, which one it is and when, as https://www.standardwebhooks.com has them.
import { createHmac } from 'node:crypto';

export interface SignedHeaders {
  readonly 'webhook-id': string;
  /** Seconds since the epoch: receivers refuse what is old. */
  readonly 'webhook-timestamp': string;
  /** `v1,<base64>` for each secret, a blank between them. */
  readonly 'webhook-signature': string;
}

/** `secrets`: `whsec_<base64>` each; several while one replaces another. */
export function signedHeaders(
  secrets: readonly string[],
  id: string,
  nowMs: number,
  body: string,
): SignedHeaders {
  const timestamp = String(Math.floor(nowMs / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

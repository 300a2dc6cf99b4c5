// Between express and the SDK's transport, which speaks of web requests and responses: bodies bounded on the way in,
// and on the way out no faster than the client reads.
import type { Request as ExpressRequest, Response as ExpressResponse } from 'express';
import { createOutflow } from '../../http/outflow.js';

/** The request as the web knows it. Its body was read and parsed before. */
export function webRequest({ method, headers, originalUrl }: ExpressRequest): Request {
  const known = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, value]] : [],
  );
  return new Request(new URL(originalUrl, 'http://localhost'), { method, headers: known });
}

/** Sends the response; resolves when it has been read, or nobody reads it any more. */
export async function sendWebResponse(
  res: ExpressResponse,
  { status, headers, body }: Response,
  limits: { readonly stallMs: number },
): Promise<void> {
  res.socket?.setNoDelay(true);
  // A stream may be silent between the comments that keep it open.
  res.writeHead(status, Object.fromEntries([...headers].filter(([name]) => name !== 'connection')));
  if (body === null) {
    res.end();
    return;
  }
  res.flushHeaders();
  const outflow = createOutflow(res, limits);
  const reader = body.getReader();
  // Whoever leaves is not read for any more; what is under way for them ends by itself.
  outflow.gone.addEventListener('abort', () => void reader.cancel().catch(() => {}), { once: true });
  if (outflow.gone.aborted) await reader.cancel();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || !(await outflow.write(value))) break;
  }
  outflow.end();
}

// Writes answers and errors to a response. A reader that leaves ends the writing; one that is slow slows it.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, makeId, type StreamEvent, streamAnswer } from './answer.js';
import type { RateLimit } from './script.js';

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

/** Answers with an error in the shape of the API. */
export function sendError(res: ServerResponse, status: number, message: string, type?: string): void {
  const error = { type: type ?? errorTypes[status] ?? 'api_error', message };
  const requestId = makeId('req', 12);
  res.writeHead(status, { 'content-type': 'application/json', 'request-id': requestId });
  res.end(JSON.stringify({ type: 'error', error, request_id: requestId }));
}

/** Answers with the whole message at once. */
export function sendWhole(res: ServerResponse, answer: Answer): void {
  openWhole(res);
  res.end(JSON.stringify(answer));
}

/** Streams the answer with `paceMs` between two events. Resolves when it is sent or the reader has left. */
export async function sendStream(res: ServerResponse, answer: Answer, paceMs: number): Promise<void> {
  openStream(res);
  for (const event of streamAnswer(answer)) {
    if (!(await sendEvent(res, event, paceMs))) return;
  }
  res.end();
}

/** Sets the headers by which a subscription is told of its usage limit. */
export function setRateLimit(res: ServerResponse, limit: RateLimit): void {
  const resetsAt = String(Math.floor(Date.now() / 1000) + limit.resets_in);
  const claim = limit.claim ?? 'five_hour';
  res.setHeader('anthropic-ratelimit-unified-status', limit.status);
  res.setHeader('anthropic-ratelimit-unified-reset', resetsAt);
  res.setHeader('anthropic-ratelimit-unified-representative-claim', claim);
}

/** Sends the headers of a whole message. */
export function openWhole(res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'application/json', 'request-id': makeId('req', 12) });
}

/** Sends the headers of a stream. */
export function openStream(res: ServerResponse): void {
  res.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    'request-id': makeId('req', 12),
  });
}

/** Sends one event and waits the pace; false when the reader has left. */
export async function sendEvent(res: ServerResponse, event: StreamEvent, paceMs: number): Promise<boolean> {
  if (res.destroyed) return false;
  const isFull = !res.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  if (isFull) await drained(res);
  if (paceMs > 0) await sleep(paceMs, undefined, { ref: false });
  return !res.destroyed;
}

async function drained(res: ServerResponse): Promise<void> {
  const over = new AbortController();
  const either = [once(res, 'drain', { signal: over.signal }), once(res, 'close', { signal: over.signal })];
  await Promise.race(either).finally(() => over.abort());
}

// Writes answers, errors and faults to a response. A reader that leaves ends the writing; one that is slow slows it.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, makeId, type StreamEvent, streamAnswer } from './answer.js';
import type { CutPlace, Fault, RateLimit, StatusFault, StreamFault } from './script.js';

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

const faultMessages: Readonly<Record<number, string>> = {
  400: 'The scripted model refuses this request.',
  401: 'invalid x-api-key',
  403: 'Your API key does not have permission to use the specified resource.',
  404: 'The requested resource was not found.',
  429: 'This request would exceed your account’s rate limit. Please try again later.',
  529: 'Overloaded',
};

/** Answers with an error in the shape of the API. */
export function sendError(res: ServerResponse, status: number, message: string, type?: string): void {
  const error = { type: type ?? errorTypes[status] ?? 'api_error', message };
  const requestId = makeId('req', 12);
  res.writeHead(status, { 'content-type': 'application/json', 'request-id': requestId });
  res.end(JSON.stringify({ type: 'error', error, request_id: requestId }));
}

/** Answers with the whole message. */
export function sendWhole(res: ServerResponse, answer: Answer): void {
  res.writeHead(200, { 'content-type': 'application/json', 'request-id': makeId('req', 12) });
  res.end(JSON.stringify(answer));
}

/** Streams the answer with `paceMs` between two events. */
export async function sendStream(res: ServerResponse, answer: Answer, paceMs: number): Promise<void> {
  openStream(res);
  for (const event of streamAnswer(answer)) {
    if (!(await sendEvent(res, event, paceMs))) return;
  }
  res.end();
}

/** Does what the fault says instead of answering. The response may stay open until the server closes. */
export async function sendFault(
  res: ServerResponse,
  fault: Fault,
  answer: Answer,
  paceMs: number,
): Promise<void> {
  if ('status' in fault) return sendStatus(res, fault);
  switch (fault.kind) {
    case 'hang_before_headers':
      return;
    case 'html200':
      res.writeHead(200, { 'content-type': 'text/html' });
      res.end('<!doctype html><title>Welcome</title><p>A proxy answers in the place of the API.');
      return;
    case 'empty':
      openStream(res);
      res.end();
      return;
    case 'garbage':
      openStream(res);
      res.end(
        'event: message_start\ndata: {"type":"message_start","mess\n\n\u0000\u0001 not an event at all\n\n',
      );
      return;
    case 'ping_forever':
      return pingForever(res, answer, paceMs);
    case 'silence':
    case 'cut':
    case 'error_event':
      return breakStream(res, fault, answer, paceMs);
    default:
      fault.kind satisfies never;
  }
}

function sendStatus(res: ServerResponse, fault: StatusFault): void {
  if (fault.retry_after !== undefined) res.setHeader('retry-after', String(fault.retry_after));
  if (fault.rate_limit) setRateLimit(res, fault.rate_limit);
  for (const [name, value] of Object.entries(fault.headers ?? {})) res.setHeader(name, value);
  const message = fault.message ?? faultMessages[fault.status] ?? 'Internal server error';
  sendError(res, fault.status, message, fault.error_type);
}

/** Sets the headers by which a subscription is told of its usage limit. */
export function setRateLimit(res: ServerResponse, limit: RateLimit): void {
  const resetsAt = String(Math.floor(Date.now() / 1000) + limit.resets_in);
  const claim = limit.claim ?? 'five_hour';
  res.setHeader('anthropic-ratelimit-unified-status', limit.status);
  res.setHeader('anthropic-ratelimit-unified-reset', resetsAt);
  res.setHeader('anthropic-ratelimit-unified-representative-claim', claim);
}

const overloaded: StreamEvent = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };

async function breakStream(
  res: ServerResponse,
  fault: StreamFault,
  answer: Answer,
  paceMs: number,
): Promise<void> {
  openStream(res);
  for (const event of untilBreak(answer, fault.kind === 'cut' ? (fault.at ?? 'mid_block') : 'mid_block')) {
    if (!(await sendEvent(res, event, paceMs))) return;
  }
  if (fault.kind === 'silence') return;
  if (fault.kind === 'error_event') await sendEvent(res, overloaded, paceMs);
  // What is written must have left before the socket goes, or the reader would see another cut than the script says.
  res.write('', () => res.destroy());
}

function* untilBreak(answer: Answer, place: CutPlace): Generator<StreamEvent> {
  let deltas = 0;
  for (const event of streamAnswer(answer)) {
    if (place === 'before_block' && event.type === 'content_block_start') return;
    if (event.type === 'content_block_delta') deltas++;
    yield event;
    if (place === 'mid_block' && deltas === 2) return;
    if (place === 'after_block' && event.type === 'content_block_stop') return;
  }
}

async function pingForever(res: ServerResponse, answer: Answer, paceMs: number): Promise<void> {
  openStream(res);
  for (const event of untilBreak(answer, 'mid_block')) {
    if (!(await sendEvent(res, event, paceMs))) return;
  }
  while (await sendEvent(res, { type: 'ping' }, Math.max(paceMs, 100)));
}

function openStream(res: ServerResponse): void {
  res.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    'request-id': makeId('req', 12),
  });
}

/** Sends one event and waits the pace; false when the reader has left. */
async function sendEvent(res: ServerResponse, event: StreamEvent, paceMs: number): Promise<boolean> {
  if (res.destroyed) return false;
  if (!res.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)) {
    const left = new AbortController();
    await Promise.race([
      once(res, 'drain', { signal: left.signal }),
      once(res, 'close', { signal: left.signal }),
    ]).finally(() => left.abort());
  }
  if (paceMs > 0) await sleep(paceMs, undefined, { ref: false });
  return !res.destroyed;
}

// What a step does when its script wants it to go wrong: refusals, silences, broken streams.
import type { ServerResponse } from 'node:http';
import { type Answer, type StreamEvent, streamAnswer } from './answer.js';
import type { CutPlace, Fault, StatusFault, StreamFault } from './script.js';
import { openStream, openWhole, sendError, sendEvent, setRateLimit } from './send.js';

type Manner = { readonly stream: boolean; readonly paceMs: number };

/**
 * Does what the fault says instead of answering. Resolves when there is nothing more to do; the response may stay open
 * until its reader leaves or the server closes.
 */
export async function sendFault(
  res: ServerResponse,
  fault: Fault,
  answer: Answer,
  manner: Manner,
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
      open(res, manner);
      res.end();
      return;
    case 'garbage':
      open(res, manner);
      res.end(
        'event: message_start\ndata: {"type":"message_start","mess\n\n\u0000\u0001 no event at all\n\n',
      );
      return;
    case 'silence':
    case 'ping_forever':
    case 'cut':
    case 'error_event':
      return manner.stream ? breakStream(res, fault, answer, manner.paceMs) : breakWhole(res, fault, answer);
    default:
      fault.kind satisfies never;
  }
}

const messages: Readonly<Record<number, string>> = {
  400: 'The scripted model refuses this request.',
  401: 'invalid x-api-key',
  403: 'Your API key does not have permission to use the specified resource.',
  404: 'The requested resource was not found.',
  413: 'Request exceeds the maximum size',
  429: "This request would exceed your account's rate limit. Please try again later.",
  529: 'Overloaded',
};

function sendStatus(res: ServerResponse, fault: StatusFault): void {
  if (fault.retry_after !== undefined) res.setHeader('retry-after', String(fault.retry_after));
  if (fault.rate_limit) setRateLimit(res, fault.rate_limit);
  for (const [name, value] of Object.entries(fault.headers ?? {})) res.setHeader(name, value);
  const message = fault.message ?? messages[fault.status] ?? 'Internal server error';
  sendError(res, fault.status, message, fault.error_type);
}

function open(res: ServerResponse, manner: Manner): void {
  if (manner.stream) openStream(res);
  else openWhole(res);
}

const overloaded: StreamEvent = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
const pingEveryMs = 100;

async function breakStream(
  res: ServerResponse,
  fault: StreamFault,
  answer: Answer,
  paceMs: number,
): Promise<void> {
  openStream(res);
  for (const event of untilBreak(answer, fault.at ?? 'mid_block')) {
    if (!(await sendEvent(res, event, paceMs))) return;
  }
  if (fault.kind === 'silence') return;
  if (fault.kind === 'ping_forever') {
    while (await sendEvent(res, { type: 'ping' }, Math.max(paceMs, pingEveryMs)));
    return;
  }
  if (fault.kind === 'error_event') {
    await sendEvent(res, overloaded, paceMs);
    res.end();
    return;
  }
  cut(res);
}

/** The same for a reader who asked for no stream: half a message instead of half a stream. */
function breakWhole(res: ServerResponse, fault: StreamFault, answer: Answer): void {
  if (fault.kind === 'error_event') {
    sendError(res, 529, 'Overloaded');
    return;
  }
  openWhole(res);
  const json = JSON.stringify(answer);
  res.write(json.slice(0, json.length / 2));
  if (fault.kind === 'cut') cut(res);
}

// What is written must have left before the socket goes, or the reader would see another cut than the script says.
function cut(res: ServerResponse): void {
  res.write('\n', () => res.destroy());
}

function* untilBreak(answer: Answer, place: CutPlace): Generator<StreamEvent> {
  const standIn = { type: 'text', text: 'This answer never comes to its end.' } as const;
  const content = answer.content.length === 0 ? [standIn] : answer.content;
  let deltas = 0;
  for (const event of streamAnswer({ ...answer, content })) {
    if (place === 'before_block' && event.type === 'content_block_start') return;
    if (place === 'mid_block' && (event.type === 'content_block_stop' || deltas === 2)) return;
    yield event;
    if (event.type === 'content_block_delta') deltas++;
    if (place === 'after_block' && event.type === 'content_block_stop') return;
  }
}

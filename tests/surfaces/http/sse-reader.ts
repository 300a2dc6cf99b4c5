// A reader of event streams as somebody would write one, over a socket that can be cut anywhere.
import { connect, type Socket } from 'node:net';
import type { EventSourceMessage } from 'eventsource-parser';
import { eventually } from '../../support/eventually.js';
import { readStrictly } from '../../support/strict-sse.js';

export interface SseReader {
  readonly frames: EventSourceMessage[];
  readonly comments: string[];
  readonly socket: Socket;
  /** Status line and headers, once they are there. */
  head(): string;
  /** Set when the server ended the answer or the connection is gone. */
  closed(): boolean;
  /** Resolves when a frame satisfies the condition. */
  until(what: string, condition: (frames: readonly EventSourceMessage[]) => boolean): Promise<void>;
}

/** Opens a stream with a raw request. HTTP/1.0, so that the body is the bytes as they were written. */
export function readEvents(url: string, headers: Record<string, string> = {}): SseReader {
  const { hostname, port, pathname, search } = new URL(url);
  const socket = connect(Number(port), hostname);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${pathname}${search} HTTP/1.0\r\n${lines.join('')}\r\n`);
  const sse = readStrictly();
  let text = '';
  let head = '';
  let closed = false;
  socket.setEncoding('utf8');
  socket.on('data', (piece: string) => {
    if (head !== '') return sse.feed(piece);
    text += piece;
    const end = text.indexOf('\r\n\r\n');
    if (end === -1) return;
    head = text.slice(0, end);
    sse.feed(text.slice(end + 4));
  });
  socket.on('close', () => {
    closed = true;
  });
  socket.on('error', () => {});
  return {
    frames: sse.frames,
    comments: sse.comments,
    socket,
    head: () => head,
    closed: () => closed,
    until: async (what, condition) => {
      await eventually(what, () => condition(sse.frames));
    },
  };
}

/** Everything of a stream that ends by itself. */
export async function readAllEvents(url: string, headers: Record<string, string> = {}): Promise<SseReader> {
  const reader = readEvents(url, headers);
  await eventually('the stream ends', () => reader.closed());
  return reader;
}

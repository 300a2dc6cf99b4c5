// Sends a request as it is written, over a socket of its own, and reads what comes back.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytesOf, type FuzzRequest, pathOf } from './fuzz-request.js';
import type { SeenAnswer } from './judge-answer.js';

/** A server that says nothing for so long to somebody who waits has forgotten him. */
const PATIENCE_MS = 20_000;
/** Whoever asked for work, or follows a stream, hangs up after a while. */
const STAY_MS = 1_000;
const PAUSE_MS = 5;

/** `left`: the client did not wait for an answer. `closed`: the server hung up without one. */
export type Outcome = SeenAnswer | 'left' | 'closed' | 'silent';

export async function send(port: number, request: FuzzRequest): Promise<Outcome> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const heard = listen(socket);
  try {
    return await converse(socket, request, heard);
  } finally {
    socket.destroy();
  }
}

interface Heard {
  text(): string;
  readonly closed: Promise<void>;
}

function listen(socket: Socket): Heard {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // The server may hang up at any time: that is told by what it said before.
  socket.on('error', () => {});
  return {
    text: () => Buffer.concat(chunks).toString('latin1'),
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
  };
}

async function converse(socket: Socket, request: FuzzRequest, heard: Heard): Promise<Outcome> {
  const bytes = bytesOf(request);
  switch (request.way) {
    case 'leaves':
      await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
      return 'left';
    case 'breaks-off':
      socket.write(bytes.subarray(0, bytes.length >> 1));
      await sleep(PAUSE_MS);
      socket.resetAndDestroy();
      return 'left';
    case 'stops':
      socket.write(bytes.subarray(0, bytes.length >> 1));
      await Promise.race([heard.closed, sleep(STAY_MS / 10)]);
      return 'left';
    case 'drips':
      for (let at = 0; at < 40 && at < bytes.length; at += 10) {
        socket.write(bytes.subarray(at, at + 10));
        await sleep(1);
      }
      socket.write(bytes.subarray(40));
      break;
    case 'reads':
      socket.write(bytes);
      break;
    default:
      request.way satisfies never;
  }
  return hear(request, heard);
}

async function hear(request: FuzzRequest, heard: Heard): Promise<Outcome> {
  const stay = new AbortController();
  const ended = await Promise.race([
    heard.closed.then(() => 'closed' as const),
    sleep(STAY_MS, 'waited' as const, stay),
  ]);
  stay.abort();
  if (ended === 'waited') {
    if (mayTakeLong(request, heard.text())) return answerOf(request, heard.text()) ?? 'left';
    const patience = new AbortController();
    await Promise.race([heard.closed, sleep(PATIENCE_MS, undefined, patience)]);
    patience.abort();
    if (heard.text() === '') return 'silent';
  }
  return answerOf(request, heard.text()) ?? 'closed';
}

/** Bodies that do not come, streams, and requests that wait for Claude. */
function mayTakeLong({ method, headers, target }: FuzzRequest, said: string): boolean {
  const promises = headers.some(([name]) => ['Content-Length', 'Transfer-Encoding', 'Expect'].includes(name));
  const streams = /^content-type: text\/event-stream/im.test(said);
  return promises || streams || (method === 'POST' && /^\/(jobs|completions|v1|mcp|messages)/i.test(target));
}

/** Undefined when there was none. A body that is still coming is given as far as it came. */
function answerOf(request: FuzzRequest, text: string): SeenAnswer | undefined {
  // 100 Continue comes before the answer.
  const said = text.replace(/^(HTTP\/1\.1 1\d\d [^\r]*\r\n\r\n)+/, '');
  const end = said.indexOf('\r\n\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(said)?.[1]);
  if (end === -1 || Number.isNaN(status)) return undefined;
  const headers = Object.fromEntries(
    said
      .slice(0, end)
      .split('\r\n')
      .slice(1)
      .map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
  );
  const body = bodyOf(headers, said.slice(end + 4));
  return { method: request.method, path: pathOf(request), status, headers, body };
}

/** Undefined when its end has not come, unless it is a stream. */
function bodyOf(headers: Readonly<Record<string, string>>, bytes: string): string | undefined {
  const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString();
  const isStream = headers['content-type']?.startsWith('text/event-stream');
  if (headers['transfer-encoding'] !== 'chunked') {
    const length = Number(headers['content-length'] ?? bytes.length);
    return bytes.length < length ? undefined : utf8(bytes.slice(0, length));
  }
  let text = '';
  for (let at = 0; ; ) {
    const line = bytes.indexOf('\r\n', at);
    const size = line === -1 ? Number.NaN : Number.parseInt(bytes.slice(at, line), 16);
    if (size === 0) return utf8(text);
    if (Number.isNaN(size) || bytes.length < line + 2 + size) return isStream ? utf8(text) : undefined;
    text += bytes.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

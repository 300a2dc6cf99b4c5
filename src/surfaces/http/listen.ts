// A listening server that bears strangers: garbage and slow senders are bounded, and it closes in bounded time.
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AgenticoreError } from '../../domain/errors.js';
import { problemJson } from './problem.js';

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** The controller behind HttpDeps.closing; `close` aborts it. */
  readonly closing: AbortController;
  readonly newRequestId: () => string;
  /** How long requests may take to arrive, headers and whole. */
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  /** How long a connection may be silent while it is being served. */
  readonly idleTimeoutMs?: number;
  /** How long `close` lets answers in progress finish. */
  readonly graceMs?: number;
}

export interface Listening {
  readonly url: string;
  readonly port: number;
  /** Takes no more connections, ends event streams so that their readers reconnect, and lets answers finish; bounded. */
  close(): Promise<void>;
}

/** Serves the app. Throws CONFIG_INVALID when the address cannot be bound. */
export async function listen(app: RequestListener, options: ListenOptions): Promise<Listening> {
  const headersTimeout = options.headersTimeoutMs ?? 15_000;
  const requestTimeout = options.requestTimeoutMs ?? 60_000;
  const connectionsCheckingInterval = Math.min(5_000, headersTimeout);
  const server = createServer({
    headersTimeout,
    requestTimeout,
    connectionsCheckingInterval,
    keepAliveTimeout: 80_000, // longer than the usual proxy's, so that no request meets a closing connection
    // Nothing here depends on Host; without this Node answers before us, in its own words.
    requireHostHeader: false,
  });
  server.timeout = options.idleTimeoutMs ?? 180_000;
  const answering = countAnswers(server);
  refuseGarbage(server, answering, options.newRequestId);
  server.on('request', app);
  // An `Expect` that Node does not know it would answer itself, without an id.
  server.on('checkExpectation', (req, res) => server.emit('request', req, res));
  await bind(server, options);
  const { port } = addressOf(server);
  const { host } = options;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    close: () => closeGently(server, answering, options),
  };
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address;
}

function bind(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = BIND_FAILURES[error.code ?? ''] ?? error.message;
      reject(
        new AgenticoreError('CONFIG_INVALID', `Cannot listen on ${host} port ${port}: ${why}.`, {
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}

const BIND_FAILURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there; stop it, or set AGENTICORE_PORT',
  EADDRNOTAVAIL: 'this machine has no such address; set AGENTICORE_HOST',
  ENOTFOUND: 'this name is not known; set AGENTICORE_HOST',
  EACCES: 'this user may not; set AGENTICORE_PORT above 1023',
};

/** Every open connection, with the number of requests on it that are being answered. */
type Answering = ReadonlyMap<Duplex, number>;

function countAnswers(server: Server): Answering {
  const answering = new Map<Duplex, number>();
  const change = (socket: Socket, by: number): void => {
    const count = answering.get(socket);
    if (count !== undefined) answering.set(socket, count + by);
  };
  server.on('connection', (socket) => {
    answering.set(socket, 0);
    socket.once('close', () => answering.delete(socket));
  });
  server.on('request', ({ socket }, res: ServerResponse) => {
    change(socket, 1);
    res.once('close', () => change(socket, -1));
  });
  return answering;
}

/** Answers what is no HTTP, unless an answer is under way on that connection, and hangs up. */
function refuseGarbage(server: Server, answering: Answering, newRequestId: () => string): void {
  const refused = new WeakSet<Duplex>();
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (refused.has(socket)) return; // more of the same
    if (socket.writable && error.code !== 'ECONNRESET' && !answering.get(socket)) {
      refused.add(socket);
      const requestId = newRequestId();
      const refusal = new AgenticoreError(
        'INVALID_REQUEST',
        GARBAGE[error.code ?? ''] ?? 'This is not a valid HTTP request.',
      );
      const body = JSON.stringify(problemJson(refusal, requestId));
      socket.end(
        `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nX-Request-Id: ${requestId}\r\n` +
          `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
      // Closed with something unread, it would be reset, and the answer lost with it. What was not understood stays so;
      // a request that was only late would be served when its rest comes.
      if (error.code?.startsWith('HPE_')) return void setTimeout(() => socket.destroy(), LINGER_MS).unref();
    }
    socket.destroy();
  });
}

/** How long who sends garbage may go on, unheard, until his connection is closed. */
const LINGER_MS = 1_000;

const GARBAGE: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'The headers of the request are larger than 16 KiB.',
  ERR_HTTP_REQUEST_TIMEOUT: 'The request did not arrive in time.',
};

async function closeGently(
  server: Server,
  answering: Answering,
  { closing, graceMs = 5_000 }: ListenOptions,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  closing.abort();
  // Node's closeIdleConnections spares those that never sent a request, which browsers keep in reserve.
  const sweep = setInterval(() => {
    for (const [socket, count] of answering) if (count === 0) socket.end(() => socket.destroy());
  }, 20);
  const force = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(force);
}

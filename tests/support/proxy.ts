// A proxy on loopback that leads every name to this machine: what only it can find is reached through it or not at all.
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certificate } from './certificate.js';

export interface ProxyDouble {
  /** `http://127.0.0.1:<port>`, `https` with a certificate; with its credentials when it wants some. */
  readonly url: string;
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** Each `host:port` that a tunnel led to. */
  readonly tunnels: readonly string[];
  /** Each request that it passed on without a tunnel, as `METHOD url`. */
  readonly passedOn: readonly string[];
  /** How often it was asked and did not do what it was asked for. */
  refused(): number;
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** `user:password`; whoever does not show them gets 407. */
  readonly login?: string;
  readonly certificate?: Certificate;
  /** Answers every tunnel with this status. */
  readonly status?: number;
  /** What becomes of every tunnel instead: no answer, a connection that is cut, or a yes with silence behind it. */
  readonly fault?: 'silent' | 'cut' | 'mute';
}

const BASIC = 'Basic realm="proxy"';

export async function startProxy({
  login,
  certificate,
  status,
  fault,
}: ProxyOptions = {}): Promise<ProxyDouble> {
  const tunnels: string[] = [];
  const passedOn: string[] = [];
  const open = new Set<Duplex>();
  let refusals = 0;
  const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
  const mayPass = (request: IncomingMessage): boolean => request.headers['proxy-authorization'] === wanted;

  const passOn = (request: IncomingMessage, response: ServerResponse): void => {
    if (!mayPass(request)) {
      refusals += 1;
      response.writeHead(407, { 'proxy-authenticate': BASIC }).end();
      return;
    }
    passedOn.push(`${request.method} ${request.url}`);
    const { pathname, search, port } = new URL(request.url ?? '');
    const { 'proxy-authorization': _own, ...headers } = request.headers;
    const onward = { host: '127.0.0.1', port, path: pathname + search, method: request.method, headers };
    const there = ask(onward, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    there.on('error', () => response.destroy());
    request.pipe(there);
  };

  const tunnel = (request: IncomingMessage, socket: Duplex): void => {
    keep(open, socket);
    const refusal = mayPass(request) ? status : 407;
    if (refusal !== undefined || fault === 'silent' || fault === 'cut') {
      refusals += 1;
      if (fault === 'cut') socket.destroy();
      else if (refusal !== undefined) socket.end(refusalOf(refusal));
      return;
    }
    tunnels.push(request.url ?? '');
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (fault === 'mute') return void socket.resume();
    const there = connect(Number(request.url?.split(':').at(-1)), '127.0.0.1');
    keep(open, there);
    there.on('close', () => socket.destroy());
    socket.on('close', () => there.destroy());
    socket.pipe(there).pipe(socket);
  };

  const server = certificate === undefined ? createServer(passOn) : createTlsServer(certificate, passOn);
  server.on('connect', tunnel);
  server.on('connection', (socket: Socket) => keep(open, socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const shown = login === undefined ? '' : `${login.split(':').map(encodeURIComponent).join(':')}@`;
  return {
    url: `${certificate === undefined ? 'http' : 'https'}://${shown}${host}`,
    ...{ host, tunnels, passedOn },
    refused: () => refusals,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** So that none outlives the proxy, and none that breaks brings the test down. */
function keep(open: Set<Duplex>, socket: Duplex): void {
  open.add(socket);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => open.delete(socket));
}

const refusalOf = (status: number): string =>
  [
    `HTTP/1.1 ${status} No`,
    `proxy-authenticate: ${BASIC}`,
    'connection: close',
    'content-length: 0',
    '',
    '',
  ].join('\r\n');

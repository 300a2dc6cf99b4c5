// A loopback git server over http for tests: git's own `http-backend`, asked for a password when the test says so, or
// answering nothing but one status.
import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GIT_ENV } from './git-repository.js';

export interface GitHttpServer {
  /** `http://127.0.0.1:<port>`; repositories follow as `/<name>.git`. */
  readonly url: string;
  /** Every request so far, as `METHOD /path?query`. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export interface GitHttpOptions {
  /** Answers with `user:password` or 401. */
  readonly login?: string;
  /** Answers a request itself; true when it did. */
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Serves the bare repositories of a directory. */
export async function startGitHttpServer(
  root: string,
  { login, answer }: GitHttpOptions = {},
): Promise<GitHttpServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (answer?.(request, response)) return;
    if (
      login !== undefined &&
      request.headers.authorization !== `Basic ${Buffer.from(login).toString('base64')}`
    ) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end('who are you?\n');
    } else {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      runBackend({ root, path: decodeURIComponent(pathname) }, request, response);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Which repository git's server is asked for, below which folder, and what its hooks get to know. */
export interface BackendOrder {
  readonly root: string;
  readonly path: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Lets git's own server answer a request. */
export function runBackend(
  { root, path, env }: BackendOrder,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const backend = spawn('git', ['http-backend'], {
    env: {
      ...GIT_ENV,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: path,
      QUERY_STRING: searchParams.toString(),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      REMOTE_USER: 'test',
      REMOTE_ADDR: '127.0.0.1',
      ...env,
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(backend.stdin);
  backend.stdin.on('error', () => {});
  let head = Buffer.alloc(0);
  let isHeadDone = false;
  backend.stdout.on('data', (chunk: Buffer) => {
    if (isHeadDone) return void response.write(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return;
    isHeadDone = true;
    const lines = head
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map((line) => line.split(': ') as [string, string]);
    const status = lines.find(([name]) => name.toLowerCase() === 'status')?.[1];
    response.writeHead(
      Number.parseInt(status ?? '200', 10),
      Object.fromEntries(lines.filter(([name]) => name.toLowerCase() !== 'status')),
    );
    response.write(head.subarray(end + 4));
  });
  backend.on('close', () => response.end());
  response.on('close', () => backend.kill());
}

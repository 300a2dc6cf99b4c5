// A loopback server that answers as the routes of the HTTP contract do, and misbehaves on demand.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

type Answer = (res: ServerResponse, asked: Asked) => void | Promise<void>;

export interface ServerDouble {
  readonly url: string;
  readonly port: number;
  /** Every request so far. */
  readonly asked: readonly Asked[];
  /** Sets the answer to `GET /jobs` and the like; the path may end with `?` to match any query. */
  on(route: string, answer: Answer): void;
  /** The requests of one route. */
  askedFor(route: string): readonly Asked[];
  stop(): Promise<void>;
}

export async function startServerDouble(port = 0): Promise<ServerDouble> {
  const routes = new Map<string, Answer>();
  const asked: Asked[] = [];
  const server = createServer((req, res) => {
    void receive(req).then(async (request) => {
      asked.push(request);
      const path = request.path.split('?')[0];
      const answer =
        routes.get(`${request.method} ${request.path}`) ?? routes.get(`${request.method} ${path}`);
      if (answer === undefined)
        problem(res, 404, 'AGENTICORE_NOT_FOUND', 'There is nothing at this address.');
      else await answer(res, request);
    });
  });
  await listen(server, port);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    asked,
    on: (route, answer) => void routes.set(route, answer),
    askedFor: (route) => asked.filter(({ method, path }) => `${method} ${path.split('?')[0]}` === route),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function receive(req: IncomingMessage): Promise<Asked> {
  let text = '';
  for await (const chunk of req) text += String(chunk);
  return {
    method: req.method ?? '',
    path: req.url ?? '',
    headers: req.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', () => resolve()));

export function json(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function problem(
  res: ServerResponse,
  status: number,
  code: string,
  error: string,
  details: unknown[] = [],
): void {
  json(res, status, { success: false, error, code, status, details });
}

/** Answers with these frames and, unless told otherwise, closes the stream. */
export function frames(res: ServerResponse, texts: readonly string[], end = true): void {
  if (!res.headersSent) res.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const text of texts) res.write(text);
  if (end) res.end();
}

export const frame = (id: number | string, event: string, data: unknown): string =>
  `id: ${typeof id === 'number' ? `${id}-0` : id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

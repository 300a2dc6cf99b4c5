// The transport of clients from before 2025: a stream that is open as long as the client stays, and messages to it at
// another address. The stream is the visit, and lives and dies with this process.
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import type { Response, Router } from 'express';
import { AgenticoreError } from '../../../domain/errors.js';
import { callOf } from '../../http/call.js';
import { jsonBody, queryText, takeBody } from '../../http/limits.js';
import { route } from '../../http/route.js';
import type { McpDeps } from '../mcp-deps.js';
import type { Offer } from '../offer.js';
import { createMcpServer, type McpServer } from '../server.js';
import { authInfoOf } from './auth-info.js';
import { sendVisitNotFound } from './rpc-error.js';

/** What may wait for a client that does not read. */
const MOST_UNREAD_BYTES = 4 * 1024 * 1024;
const BODY_BOUNDS = { depth: 32, members: 10_000, mendTexts: true };

interface Stay {
  readonly caller: string;
  readonly transport: SSEServerTransport;
}

/** GET /sse and POST /messages. */
export function addSseRoutes(router: Router, { limits, mcp, closing }: McpDeps, offer: Offer): void {
  const stays = new Map<string, Stay>();

  route(router, '/sse', {
    async GET(req, res) {
      // Nobody reads the stream of an answer to HEAD.
      if (req.method === 'HEAD')
        return void res.writeHead(200, { 'Content-Type': 'text/event-stream' }).end();
      if (stays.size >= mcp.limits.maxVisits) throw new AgenticoreError('MCP_BUSY');
      const { caller } = callOf(res);
      const transport = boundedTransport(res);
      const server = createMcpServer(offer, { caller });
      const keepAlive = setInterval(() => res.write(': keep-alive\n\n'), limits.keepAliveMs);
      const leave = (): void => void closeWhenAnswered(server);
      req.socket.setTimeout(0);
      stays.set(transport.sessionId, { caller, transport });
      closing.addEventListener('abort', leave);
      res.once('close', () => {
        clearInterval(keepAlive);
        stays.delete(transport.sessionId);
        closing.removeEventListener('abort', leave);
      });
      res.setHeader('X-Accel-Buffering', 'no');
      await server.connect(transport);
    },
  });

  route(router, '/messages', {
    POST: [
      takeBody(limits.maxBodyBytes),
      async (req, res) => {
        const stay = stays.get(queryText(req, 'sessionId') ?? '');
        if (stay?.caller !== callOf(res).caller) return sendVisitNotFound(res);
        const message = jsonBody(req, () => [], undefined, BODY_BOUNDS);
        // The SDK looks for what its own middleware would have left there.
        await stay.transport.handlePostMessage(Object.assign(req, { auth: authInfoOf(res) }), res, message);
      },
    ],
  });
}

/** A transport whose client is closed when it does not read. */
function boundedTransport(res: Response): SSEServerTransport {
  const transport = new SSEServerTransport('/messages', res);
  const send = transport.send.bind(transport);
  transport.send = async (message) => {
    await send(message);
    if (res.writableLength > MOST_UNREAD_BYTES) res.destroy();
  };
  return transport;
}

/** Requests that are waited for are answered as things stand, within moments, once the process closes. */
async function closeWhenAnswered(server: McpServer): Promise<void> {
  await server.answered();
  await server.close();
}

// MCP over HTTP: the streamable transport at /mcp, and the older one of two addresses at /sse and /messages.
import { isInitializeRequest, isJSONRPCRequest } from '@modelcontextprotocol/sdk/types.js';
import { Router as createRouter, type Request, type Response, type Router } from 'express';
import { AgenticoreError } from '../../../domain/errors.js';
import { callOf } from '../../http/call.js';
import { jsonBody, takeBody } from '../../http/limits.js';
import { route } from '../../http/route.js';
import type { McpDeps } from '../mcp-deps.js';
import { createOffer } from '../offer.js';
import { authInfoOf } from './auth-info.js';
import { sendVisitNotFound } from './rpc-error.js';
import { addSseRoutes } from './sse-routes.js';
import type { VisitRoom } from './visit-room.js';
import { createVisitRooms } from './visit-rooms.js';
import { sendWebResponse, webRequest } from './web-exchange.js';

/** Messages are checked by the SDK and tools against their schemas; these bounds keep the walk cheap. */
const BODY_BOUNDS = { depth: 32, members: 10_000, mendTexts: true };

/** The router of /mcp, /sse and /messages. */
export function createMcpRouter(deps: McpDeps): Router {
  const router = createRouter();
  const { bus, submit, mcp, log, limits, newRequestId: newId, closing } = deps;
  const offer = createOffer(deps);
  const visits = { offer, visits: bus.visits, visitTtlMs: mcp.limits.visitTtlMs, log };
  const rooms = createVisitRooms(visits, mcp.limits, { newId, now: submit.clock.now, closing });

  const pass = async (room: VisitRoom, req: Request, res: Response, parsedBody?: unknown): Promise<true> => {
    // Requests that are waited for, and streams, are silent for longer than a connection otherwise may be.
    req.socket.setTimeout(0);
    const answer = await room.handle(webRequest(req), { parsedBody, authInfo: authInfoOf(res) });
    await sendWebResponse(res, answer, limits);
    for (const message of [parsedBody].flat()) if (isJSONRPCRequest(message)) room.abandon(message.id);
    return true;
  };

  /** Answers a request of a visit that has begun. */
  async function during(req: Request, res: Response, parsedBody?: unknown): Promise<void> {
    const id = req.get('mcp-session-id');
    if (id === undefined)
      throw new AgenticoreError('INVALID_REQUEST', 'The header Mcp-Session-Id is missing; initialize first.');
    const { caller } = callOf(res);
    const found = await rooms.during(id, caller, (room) => pass(room, req, res, parsedBody));
    if (found === undefined) sendVisitNotFound(res);
  }

  route(router, '/mcp', {
    POST: [
      takeBody(limits.maxBodyBytes),
      async (req, res) => {
        const message = jsonBody(req, () => [], undefined, BODY_BOUNDS);
        if (!isInitializeRequest(message)) return during(req, res, message);
        await rooms.begin(callOf(res).caller, (room) => pass(room, req, res, message));
      },
    ],
    GET: during,
    async DELETE(req, res) {
      const id = req.get('mcp-session-id') ?? '';
      if (!(await rooms.end(id, callOf(res).caller))) return sendVisitNotFound(res);
      res.statusCode = 200;
      res.end();
    },
  });
  addSseRoutes(router, deps, offer);
  return router;
}

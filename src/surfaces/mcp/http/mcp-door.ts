// The way to MCP: which web pages may take it, and the room behind it, which is not built before somebody comes. The
// official SDK takes longer to load than all the rest of the server.
import type { Express, Request, RequestHandler, Response, Router } from 'express';
import { AgenticoreError } from '../../../domain/errors.js';
import type { McpDeps } from '../mcp-deps.js';

/** Where MCP is. */
export const MCP_PATHS: readonly string[] = ['/mcp', '/sse', '/messages'];

/** What web pages may read of an answer. */
export const MCP_HEADERS: readonly string[] = [
  'Mcp-Session-Id',
  'Mcp-Protocol-Version',
  'Last-Event-Id',
  'WWW-Authenticate',
];

/** /mcp, /sse and /messages. */
export function addMcpDoor(app: Express, deps: McpDeps): void {
  let room: Promise<Router> | undefined;
  const open = async (): Promise<Router> => (await import('./mcp-router.js')).createMcpRouter(deps);
  app.use(async (req: Request, res: Response, next) => {
    if (!MCP_PATHS.includes(req.path)) return next();
    room ??= open();
    (await room)(req, res, next);
  });
}

/**
 * Lets web pages call that are this server's own, on this machine, or named. A page of any other site must not use what
 * the browser of its reader can reach.
 */
export function refuseForeignPages(
  corsOrigins: readonly string[],
  isLoopback: (host: string) => boolean,
): RequestHandler {
  return ({ headers: { origin, host } }, _res, next) => {
    if (origin !== undefined && !corsOrigins.includes('*') && !corsOrigins.includes(origin)) {
      const page = URL.canParse(origin) ? new URL(origin) : undefined;
      if (page === undefined || (page.host !== host && !isLoopback(page.hostname)))
        throw new AgenticoreError('ORIGIN_REFUSED');
    }
    next();
  };
}

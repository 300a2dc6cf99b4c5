// The way to MCP: the room behind it is not built before somebody comes. The official SDK takes longer to load than all
// the rest of the server.
import type { Express, Request, Response, Router } from 'express';
import type { McpDeps } from '../mcp-deps.js';

/** Where MCP is. */
export const MCP_PATHS: readonly string[] = ['/mcp', '/sse', '/messages'];

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

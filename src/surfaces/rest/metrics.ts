// The page of metrics, on every role. It tells how much is done here, so that it asks for a key like all the rest, unless
// the operator says that whoever can reach the port may see it: then it stands before the door.
import type { RequestHandler, Router } from 'express';
import { callOf } from '../http/call.js';
import type { HttpDeps } from '../http/http-deps.js';
import { route } from '../http/route.js';

/** GET /metrics. */
export function addMetricsRoute(router: Router, deps: HttpDeps): void {
  if (deps.publicMetrics) router.use('/metrics', letIn);
  route(router, '/metrics', {
    async GET(_req, res) {
      const page = await deps.metricsPage();
      res.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
      res.end(page);
    },
  });
}

const letIn: RequestHandler = (_req, res, next) => {
  callOf(res).scopes = ['jobs:read'];
  next();
};

// The HTTP counter: who calls, what is at which address, and how failures are told.
import { setMaxListeners } from 'node:events';
import express, { type Express } from 'express';
import { AgenticoreError } from '../../domain/errors.js';
import { addCompletionRoutes } from '../completions/completion-routes.js';
import { addMcpDoor, MCP_HEADERS, MCP_PATHS, refuseForeignPages } from '../mcp/http/mcp-door.js';
import { allowOrigins } from '../openai/cors.js';
import { addOpenAiErrors, addOpenAiRoutes } from '../openai/openai-routes.js';
import { addDescriptionRoute } from '../openapi/description-route.js';
import { addAdminRoutes } from '../rest/admin.js';
import { addDrainRoutes, addWorkerRoutes } from '../rest/drain.js';
import { addFeedRoutes } from '../rest/feed.js';
import { addHealthRoutes } from '../rest/health.js';
import { addJobContentRoutes } from '../rest/job-contents.js';
import { addJobRoutes } from '../rest/jobs.js';
import { addMetricsRoute } from '../rest/metrics.js';
import { addProfileRoutes } from '../rest/profiles.js';
import { authenticate, isLoopback } from './auth.js';
import { beginCall } from './call.js';
import type { AgentCounters, HttpDeps } from './http-deps.js';
import { handleErrors } from './problem.js';

/** Builds the app; `listen` serves it. */
export function createHttpApp(deps: HttpDeps): Express {
  // Every reader and every waiting request listens to it; many of them are no leak.
  setMaxListeners(0, deps.closing);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');

  app.use(beginCall({ newRequestId: deps.newRequestId, log: deps.log, clock: deps.submit.clock }));
  addHealthRoutes(app, deps); // public
  if (!deps.probesOnly) addDescriptionRoute(app, deps); // public
  if (deps.publicMetrics) addMetricsRoute(app, deps);
  // A browser asks for permission without a key.
  if (deps.agent !== undefined) app.use('/v1', allowOrigins(deps.corsOrigins));
  app.use(
    [...MCP_PATHS],
    allowOrigins(deps.corsOrigins, MCP_HEADERS),
    refuseForeignPages(deps.corsOrigins, isLoopback),
  );
  if (deps.oauth !== undefined && !deps.probesOnly) app.use(deps.oauth.routes); // public
  app.use(authenticate({ ...deps, tokens: deps.oauth?.tokens }));
  if (!deps.publicMetrics) addMetricsRoute(app, deps);
  addDrainRoutes(app, deps); // on every role
  if (!deps.probesOnly) addCounterRoutes(app, deps);
  app.use(() => {
    throw new AgenticoreError('NOT_FOUND');
  });
  addOpenAiErrors(app, deps);
  app.use(handleErrors(deps.log));
  return app;
}

function addAgentRoutes(app: Express, { openAi, completions }: AgentCounters): void {
  addOpenAiRoutes(app, openAi);
  addCompletionRoutes(app, completions);
}

function addCounterRoutes(app: Express, deps: HttpDeps): void {
  addMcpDoor(app, deps);
  if (deps.agent !== undefined) addAgentRoutes(app, deps.agent);
  addJobRoutes(app, deps);
  addJobContentRoutes(app, deps);
  addFeedRoutes(app, deps);
  addProfileRoutes(app, deps);
  addWorkerRoutes(app, deps);
  if (deps.bus.name === 'file') addAdminRoutes(app, deps);
}

// The HTTP counter: who calls, what is at which address, and how failures are told.
import { setMaxListeners } from 'node:events';
import express, { type Express } from 'express';
import { AgenticoreError } from '../../domain/errors.js';
import { addMcpDoor, MCP_PATHS } from '../mcp/http/mcp-door.js';
import { sendRpcError } from '../mcp/http/rpc-error.js';
import { sendOpenAiError } from '../openai/openai-error.js';
import { addDescriptionRoute } from '../openapi/description-route.js';
import { addAdminRoutes } from '../rest/admin.js';
import { addDrainRoutes, addWorkerRoutes } from '../rest/drain.js';
import { addFeedRoutes } from '../rest/feed.js';
import { addHealthRoutes } from '../rest/health.js';
import { addJobContentRoutes } from '../rest/job-contents.js';
import { addJobRoutes } from '../rest/jobs.js';
import { addMetricsRoute } from '../rest/metrics.js';
import { addProfileRoutes } from '../rest/profiles.js';
import { setAnswerHeaders } from './answer-headers.js';
import { asksNobody, authenticate } from './auth.js';
import { beginCall } from './call.js';
import type { HttpDeps } from './http-deps.js';
import { handleErrors } from './problem.js';
import { limitRate } from './rate-limit.js';
import { admitNames, admitPages } from './web-pages.js';

const ONLY_WORKS =
  'There is nothing at this address: this process only works (AGENTICORE_ROLES); ask one with the role ingress or gateway.';

/** Builds the app; `listen` serves it. What is added first is passed first. */
export function createHttpApp(deps: HttpDeps): Express {
  // Every reader and every waiting request listens to it; many of them are no leak.
  setMaxListeners(0, deps.closing);
  const app = express();
  app.disable('etag');
  app.set('query parser', 'simple');

  app.use(beginCall({ newRequestId: deps.newRequestId, log: deps.log, clock: deps.submit.clock }));
  app.use(...setAnswerHeaders());
  addDoor(app, deps);
  addDrainRoutes(app, deps); // on every role
  if (!deps.probesOnly) addCounterRoutes(app, deps);
  app.use(() => {
    throw new AgenticoreError('NOT_FOUND', deps.probesOnly ? ONLY_WORKS : undefined);
  });
  addErrors(app, deps);
  return app;
}

/** Who may come in. What is public is answered on the way: for every page and name that may call, without a key. */
function addDoor(app: Express, deps: HttpDeps): void {
  const { apiKeys, oauth, corsOrigins, allowQueryKey } = deps;
  const tokens = oauth?.tokens;
  if (asksNobody({ apiKeys, tokens })) app.use(admitNames(deps));
  app.use(admitPages({ corsOrigins, ownOrigin: oauth?.origin }));
  addHealthRoutes(app, deps);
  if (!deps.probesOnly) addDescriptionRoute(app, deps);
  if (deps.publicMetrics) addMetricsRoute(app, deps);
  if (oauth !== undefined && !deps.probesOnly) app.use(oauth.routes);
  app.use(authenticate({ apiKeys, tokens, allowQueryKey }));
  if (!deps.publicMetrics) addMetricsRoute(app, deps);
}

function addCounterRoutes(app: Express, deps: HttpDeps): void {
  const { agent, rateLimitPerMinute, bus } = deps;
  if (rateLimitPerMinute > 0) app.use(limitRate(rateLimitPerMinute, bus.tallies));
  addMcpDoor(app, deps);
  agent?.addRoutes(app);
  addJobRoutes(app, deps);
  addJobContentRoutes(app, deps);
  addFeedRoutes(app, deps);
  addProfileRoutes(app, deps);
  addWorkerRoutes(app, deps);
  if (bus.name === 'file') addAdminRoutes(app, deps);
}

/** Failures are told in the words of whoever calls at an address, whatever on the way there has failed. */
function addErrors(app: Express, { log }: HttpDeps): void {
  app.use('/v1', handleErrors(log, sendOpenAiError));
  app.use([...MCP_PATHS], handleErrors(log, sendRpcError));
  app.use(handleErrors(log));
}

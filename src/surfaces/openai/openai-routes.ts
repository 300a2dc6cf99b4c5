// The OpenAI counter: what stands under /v1.
import type { Router } from 'express';
import { addChatRoutes } from './chat-routes.js';
import { addModelRoutes } from './models.js';
import type { OpenAiDeps } from './openai-deps.js';

/** Everything under /v1. */
export function addOpenAiRoutes(router: Router, deps: OpenAiDeps): void {
  router.options(/^\/v1(\/|$)/, (_req, res) => {
    res.writeHead(204, { Allow: 'GET, HEAD, POST, OPTIONS' }).end();
  });
  addModelRoutes(router, deps);
  addChatRoutes(router, deps);
}

// The OpenAI counter: what stands under /v1, and in which words it refuses.
import type { Router } from 'express';
import { AgenticoreError } from '../../domain/errors.js';
import { handleErrors } from '../http/problem.js';
import { addChatRoutes } from './chat-routes.js';
import { addModelRoutes } from './models.js';
import type { OpenAiDeps } from './openai-deps.js';
import { sendOpenAiError } from './openai-error.js';

/** Everything under /v1; what is not there is refused there. */
export function addOpenAiRoutes(router: Router, deps: OpenAiDeps): void {
  router.options(/^\/v1(\/|$)/, (_req, res) => {
    res.writeHead(204, { Allow: 'GET, HEAD, POST, OPTIONS' }).end();
  });
  addModelRoutes(router, deps);
  addChatRoutes(router, deps);
  router.use('/v1', () => {
    throw new AgenticoreError('NOT_FOUND');
  });
}

/**
 * Tells failures under /v1 as OpenAI's clients know them; also those of whatever stands before, such as keys that are
 * not valid, and that no agent is served here.
 */
export function addOpenAiErrors(router: Router, { log }: Pick<OpenAiDeps, 'log'>): void {
  router.use('/v1', handleErrors(log, sendOpenAiError));
}

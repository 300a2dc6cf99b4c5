// A test's server in agent mode, with nobody behind its counters.
import type { Router } from 'express';
import { parseVisibility } from '../../../src/domain/visibility.js';
import { compileSchema } from '../../../src/runtime/schema.js';
import { addCompletionRoutes } from '../../../src/surfaces/completions/completion-routes.js';
import type { HttpDeps } from '../../../src/surfaces/http/http-deps.js';
import { DEFAULT_OPENAI_LIMITS, type OpenAiDeps } from '../../../src/surfaces/openai/openai-deps.js';
import { addOpenAiRoutes } from '../../../src/surfaces/openai/openai-routes.js';
import { deafMeter } from '../../support/meter.js';
import { scriptTurns } from '../openai/scripted-turns.js';

/** The counters of agent mode, with nobody behind them. */
export function withAgent(deps: HttpDeps): HttpDeps {
  const { closing, log } = deps;
  const { clock, hash } = deps.submit;
  const turns = scriptTurns();
  const nobody = () => Promise.reject(new Error('nothing is completed here'));
  const completions = { complete: nobody, find: async () => undefined, list: async () => [] };
  const openAi: OpenAiDeps = {
    ...{ turns, clock, hash, log, closing, toolChannel: 'reasoning', limits: DEFAULT_OPENAI_LIMITS },
    meter: deafMeter,
    isAuxiliary: () => false,
    parseVisibility,
    checkRequest: compileSchema('chat-request'),
  };
  const programs = {
    ...{ turns, completions, closing, limits: DEFAULT_OPENAI_LIMITS },
    checkRequest: compileSchema('completion-request'),
  };
  const addRoutes = (router: Router): void => {
    addOpenAiRoutes(router, openAi);
    addCompletionRoutes(router, programs);
  };
  return { ...deps, agent: { addRoutes, completions: programs } };
}

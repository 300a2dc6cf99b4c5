// What the counter has where an agent is served; a fleet never loads it.
import { isAuxiliary } from '../domain/auxiliary.js';
import { parseVisibility } from '../domain/visibility.js';
import { compileSchema } from '../runtime/schema.js';
import { addCompletionRoutes, type CompletionDeps } from '../surfaces/completions/completion-routes.js';
import type { AgentCounters } from '../surfaces/http/http-deps.js';
import { DEFAULT_OPENAI_LIMITS, type OpenAiDeps } from '../surfaces/openai/openai-deps.js';
import { addOpenAiRoutes } from '../surfaces/openai/openai-routes.js';
import type { AgentShift } from './agent.js';
import type { Machines } from './machines.js';

/** The counters of chat clients and of other programs. `closing`: when the server closes. */
export function openAgentCounters(
  { config, hash, clock, log, meter }: Machines,
  { turns, completions }: AgentShift,
  closing: AbortSignal,
): AgentCounters {
  const { disconnectGrace, toolChannel } = config.agent;
  const openAi: OpenAiDeps = {
    ...{ turns, isAuxiliary, parseVisibility, toolChannel, hash, clock, log, meter, closing },
    checkRequest: compileSchema('chat-request'),
    limits: { ...DEFAULT_OPENAI_LIMITS, disconnectGraceMs: disconnectGrace * 1000 },
  };
  const programs: CompletionDeps = {
    ...{ turns, completions, closing },
    checkRequest: compileSchema('completion-request'),
    limits: { maxBodyBytes: config.server.maxBodyBytes },
  };
  return {
    completions: programs,
    addRoutes(router) {
      addOpenAiRoutes(router, openAi);
      addCompletionRoutes(router, programs);
    },
  };
}

// A test's server in agent mode, with nobody behind its counters.
import { parseVisibility } from '../../../src/domain/visibility.js';
import { compileSchema } from '../../../src/runtime/schema.js';
import type { HttpDeps } from '../../../src/surfaces/http/http-deps.js';
import { DEFAULT_OPENAI_LIMITS } from '../../../src/surfaces/openai/openai-deps.js';
import { deafMeter } from '../../support/meter.js';
import { scriptTurns } from '../openai/scripted-turns.js';

/** The counters of agent mode, with nobody behind them. */
export function withAgent(deps: HttpDeps): HttpDeps {
  const { closing, log } = deps;
  const { clock, hash } = deps.submit;
  const turns = scriptTurns();
  const nobody = () => Promise.reject(new Error('nothing is completed here'));
  const completions = { complete: nobody, find: async () => undefined, list: async () => [] };
  return {
    ...deps,
    agent: {
      openAi: {
        ...{ turns, clock, hash, log, closing, toolChannel: 'reasoning', limits: DEFAULT_OPENAI_LIMITS },
        meter: deafMeter,
        isAuxiliary: () => false,
        parseVisibility,
        checkRequest: compileSchema('chat-request'),
      },
      completions: {
        ...{ turns, completions, closing, limits: DEFAULT_OPENAI_LIMITS },
        checkRequest: compileSchema('completion-request'),
      },
    },
  };
}

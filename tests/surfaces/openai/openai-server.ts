// The OpenAI surface on a real port, over turns that are written by the test.
import { randomUUID } from 'node:crypto';
import express from 'express';
import { sha256 } from '../../../src/adapters/host/sha256.js';
import { systemClock } from '../../../src/adapters/host/system-clock.js';
import { AgenticoreError } from '../../../src/domain/errors.js';
import { compileSchema } from '../../../src/runtime/schema.js';
import { hashApiKeys } from '../../../src/surfaces/http/api-keys.js';
import { authenticate } from '../../../src/surfaces/http/auth.js';
import { beginCall } from '../../../src/surfaces/http/call.js';
import { type ListenOptions, listen } from '../../../src/surfaces/http/listen.js';
import { handleErrors } from '../../../src/surfaces/http/problem.js';
import {
  DEFAULT_OPENAI_LIMITS,
  type OpenAiDeps,
  type OpenAiLimits,
  type ToolChannel,
} from '../../../src/surfaces/openai/openai-deps.js';
import { sendOpenAiError } from '../../../src/surfaces/openai/openai-error.js';
import { addOpenAiRoutes } from '../../../src/surfaces/openai/openai-routes.js';
import { deafMeter } from '../../support/meter.js';
import { watchAnswers } from '../../support/watched-answers.js';
import { type ScriptedTurns, scriptTurns, type TurnScript } from './scripted-turns.js';

interface Scope {
  after(done: () => Promise<void>): void;
}

export interface OpenAiServerOptions {
  readonly script?: TurnScript;
  readonly apiKeys?: readonly string[];
  readonly toolChannel?: ToolChannel;
  readonly limits?: Partial<OpenAiLimits>;
  readonly listen?: Partial<ListenOptions>;
  /** Sees each response before it is answered. */
  readonly watch?: (res: express.Response) => void;
}

export interface OpenAiServer {
  readonly url: string;
  readonly turns: ScriptedTurns;
  readonly facts: { readonly fact: string; readonly fields: Readonly<Record<string, unknown>> }[];
}

/** Starts it on a free port; it is closed when the test is over. */
export async function startOpenAiServer(t: Scope, options: OpenAiServerOptions = {}): Promise<OpenAiServer> {
  const turns = scriptTurns(options.script);
  const facts: OpenAiServer['facts'] = [];
  const closing = new AbortController();
  const deps: OpenAiDeps = {
    turns,
    meter: deafMeter,
    isAuxiliary: ({ messages }) => messages.some(({ text }) => text.startsWith('### Task:')),
    parseVisibility,
    checkRequest: compileSchema('chat-request'),
    toolChannel: options.toolChannel ?? 'reasoning',
    limits: { ...DEFAULT_OPENAI_LIMITS, ...options.limits },
    hash: sha256,
    clock: systemClock,
    log: (fact, fields = {}) => facts.push({ fact, fields }),
    closing: closing.signal,
  };
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(beginCall({ newRequestId: randomUUID, log: deps.log, clock: systemClock }));
  app.use((_req, res, next) => {
    options.watch?.(res);
    next();
  });
  app.use(
    authenticate({
      apiKeys: hashApiKeys(options.apiKeys ?? []),
      allowQueryKey: false,
    }),
  );
  addOpenAiRoutes(app, deps);
  app.use(() => {
    throw new AgenticoreError('NOT_FOUND');
  });
  app.use('/v1', handleErrors(deps.log, sendOpenAiError));
  const watched = watchAnswers(app);
  const listening = await listen(watched.listener, {
    host: '127.0.0.1',
    port: 0,
    closing,
    newRequestId: randomUUID,
    ...options.listen,
  });
  t.after(async () => {
    await listening.close();
    watched.assertDescribed();
  });
  return { url: listening.url, turns, facts };
}

function parseVisibility(text: string) {
  const words = text.split(',').map((word) => word.trim());
  if (words.some((word) => !['thinking', 'tools', 'narration', 'final'].includes(word)))
    throw new AgenticoreError('INVALID_REQUEST', `There is no visibility ${text}.`);
  const has = (word: string): boolean => words.includes(word);
  return { thinking: has('thinking'), tools: has('tools'), narration: has('narration'), final: true };
}

// docs/http.md says what is there: every route it names answers, every field of a job and of a request is in it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseVisibility } from '../../../src/domain/visibility.js';
import { packagePath } from '../../../src/runtime/package-root.js';
import { compileSchema } from '../../../src/runtime/schema.js';
import type { HttpDeps } from '../../../src/surfaces/http/http-deps.js';
import { DEFAULT_OPENAI_LIMITS } from '../../../src/surfaces/openai/openai-deps.js';
import { submit } from '../../support/ledger.js';
import { deafMeter } from '../../support/meter.js';
import { scriptTurns } from '../openai/scripted-turns.js';
import { startTestServer } from './test-server.js';

const docs = readFileSync(packagePath('docs', 'http.md'), 'utf8');

function fieldsOf(schema: string): readonly string[] {
  const { properties } = JSON.parse(readFileSync(packagePath('schemas', `${schema}.schema.json`), 'utf8'));
  return Object.keys(properties);
}

/** The counters of agent mode, with nobody behind them. */
function withAgent(deps: HttpDeps): HttpDeps {
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

test('every route that the document names is served', async (t) => {
  // An agent takes no coding jobs; a fleet has no chat.
  const fleet = await startTestServer(t);
  const agent = await startTestServer(t, { change: withAgent });
  const ofAgent = /^\/(v1|completions)/;
  const routes = [...docs.matchAll(/^\| `(GET|POST|DELETE) (\/[^`?]*)/gm)];
  assert.equal(routes.length, 32);
  for (const [, method = '', path = ''] of routes) {
    const { url, bus } = ofAgent.test(path) ? agent : fleet;
    const jobId = await submit(bus.events);
    const address = `${url}${path.replace('{id}', jobId).replace('{attempt}', '1').replace('{seq}', '1').replace('{name}', 'w').replace('{uuid}', 'u')}`;
    const leave = new AbortController();
    const response = await fetch(address, { method, signal: leave.signal });
    const isStream = response.headers.get('content-type') === 'text/event-stream';
    const text = isStream ? '' : await response.text();
    leave.abort();
    assert.doesNotMatch(
      text,
      /AGENTICORE_(NOT_FOUND|METHOD_NOT_ALLOWED|INTERNAL)|"code":"(not_found|method_not_allowed|server_error)"/,
      `${method} ${path}`,
    );
  }
});

test('every field of a request is explained', () => {
  for (const field of fieldsOf('job-request')) assert.ok(docs.includes(`\`${field}\``), field);
  for (const field of fieldsOf('completion-request')) assert.ok(docs.includes(`\`${field}\``), field);
});

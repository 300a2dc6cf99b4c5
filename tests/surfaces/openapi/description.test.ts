// The description of the surface: valid by itself, and of exactly what is served.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { Router } from 'express';
import { createJudge } from '../../../scripts/fuzz/judge-answer.js';
import type { JsonRecord } from '../../../src/domain/json-record.js';
import { readSchema } from '../../../src/runtime/schema.js';
import { createHttpApp } from '../../../src/surfaces/http/app.js';
import { createMcpRouter } from '../../../src/surfaces/mcp/http/mcp-router.js';
import { describeApi } from '../../../src/surfaces/openapi/describe-api.js';
import { describedOperations } from '../../support/described-operations.js';
import { startTestServer } from '../http/test-server.js';
import { withAgent } from '../http/with-agent.js';

const description = describeApi('1.2.3', readSchema);

test('it is valid OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator({ strict: false }).validate(structuredClone(description));
  assert.deepEqual([valid, errors], [true, undefined]);
});

test('it is served to everybody', async (t) => {
  const { url } = await startTestServer(t, { apiKeys: ['secret'] });
  const response = await fetch(`${url}/openapi.json`);
  assert.equal(response.status, 200);
  assert.deepEqual(
    ((await response.json()) as JsonRecord).paths,
    JSON.parse(JSON.stringify(description.paths)),
  );
});

test('every route is described, and nothing else', async (t) => {
  const { deps } = await startTestServer(t);
  const routers = [createHttpApp(deps), createHttpApp(withAgent(deps))].map(({ router }) => router);
  const routes = [...routers, createMcpRouter(deps)].flatMap(routesOf);
  assert.deepEqual(describedOperations(['oauth']).sort(), [...new Set(routes)].sort());
});

test('an answer that is not as described is told', () => {
  const judge = createJudge(description);
  const headers = { 'x-request-id': 'r', 'content-type': 'application/json' };
  const ready = { method: 'GET', path: '/ready', status: 200, headers };
  const faultOf = (more: object): string => judge({ ...ready, ...more }).join();
  const body = JSON.stringify({ success: true, ready: true, reasons: [] });
  assert.equal(faultOf({ body }), '');
  assert.match(faultOf({ body: '{"success":true,"ready":true}' }), /must have required property 'reasons'/);
  assert.match(faultOf({ body: body.replace('}', ',"more":1}') }), /must NOT have additional properties/);
  assert.match(faultOf({ body: '{' }), /no JSON/);
  assert.match(faultOf({ body, status: 418 }), /this status is not described/);
  assert.match(faultOf({ body, status: 503 }), /the header Retry-After is missing/);
  assert.match(
    faultOf({ body, headers: { ...headers, 'content-type': 'text/html' } }),
    /content type text\/html/,
  );
  assert.match(faultOf({ body, path: '/nowhere' }), /this address or method is not described/);
  const feed = { path: '/jobs/x/events/', headers: { ...headers, 'content-type': 'text/event-stream' } };
  assert.equal(
    faultOf({ ...feed, body: ': hi\n\nid: 1\nevent: gap\ndata: {"after":null,"next":null}\n\nda' }),
    '',
  );
  assert.match(faultOf({ ...feed, body: 'data: {"after":1}\n\n' }), /must/);
});

/** As `GET /jobs/{id}`. */
function routesOf(router: Router): readonly string[] {
  return router.stack.flatMap(({ route }) => {
    const methods = new Set(route?.stack.map(({ method }) => method));
    // One that takes all methods refuses them: 405.
    if (methods.size !== 1 || [...methods].some((method) => !method) || typeof route?.path !== 'string')
      return [];
    return [`${[...methods].join().toUpperCase()} ${route.path.replace(/[:*](\w+)/g, '{$1}')}`];
  });
}

// Refusals under /v1: one shape, whoever refuses; and which pages may call.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgenticoreError, type ErrorCode } from '../../../src/domain/errors.js';
import { ask, HI } from './ask.js';
import { type OpenAiServer, startOpenAiServer } from './openai-server.js';

type Send = (server: OpenAiServer) => Promise<Response>;

const KEY = { authorization: 'Bearer sk-test' };
const at =
  (path: string, init: RequestInit = {}): Send =>
  ({ url }) =>
    fetch(`${url}${path}`, { ...init, headers: { ...KEY, ...init.headers } });

const REFUSED: readonly (readonly [what: string, send: Send, status: number, type: string, code: string])[] =
  [
    ['no key', (server) => ask(server, { messages: HI }), 401, 'authentication_error', 'invalid_api_key'],
    ['no such address', at('/v1/audio'), 404, 'not_found_error', 'not_found'],
    ['no such method', at('/v1/chat/completions'), 405, 'invalid_request_error', 'method_not_allowed'],
    ['a malformed address', at('/v1/models/%zz'), 400, 'invalid_request_error', 'invalid_request'],
    ['no such turn', at('/v1/chat/completions/chatcmpl-x/events'), 404, 'not_found_error', 'job_not_found'],
    [
      'no JSON',
      at('/v1/chat/completions', {
        method: 'POST',
        body: '{',
        headers: { 'content-type': 'application/json' },
      }),
      400,
      'invalid_request_error',
      'invalid_json',
    ],
    [
      'a form',
      at('/v1/chat/completions', { method: 'POST', body: 'a=b' }),
      415,
      'invalid_request_error',
      'unsupported_media_type',
    ],
    [
      'a body that is too large',
      at('/v1/chat/completions', {
        method: 'POST',
        body: JSON.stringify({ a: 'x'.repeat(21 * 1024 * 1024) }),
        headers: { 'content-type': 'application/json' },
      }),
      413,
      'invalid_request_error',
      'request_too_large',
    ],
  ];

for (const [what, send, status, type, code] of REFUSED) {
  test(`${what} is ${status}`, async (t) => {
    const response = await send(await startOpenAiServer(t, { apiKeys: ['me:sk-test'] }));
    const body = (await response.json()) as { error: Record<string, unknown> };
    assert.equal(response.status, status);
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.ok(response.headers.get('x-request-id'));
    assert.deepEqual(Object.keys(body), ['error']);
    assert.deepEqual(Object.keys(body.error), ['message', 'type', 'param', 'code']);
    assert.deepEqual([body.error.type, body.error.param, body.error.code], [type, null, code]);
  });
}

const BEFORE: readonly (readonly [
  ErrorCode,
  number | undefined,
  status: number,
  retryAfter: string | null,
])[] = [
  ['AGENT_BUSY', 3600, 503, '60'],
  ['AGENT_BUSY', undefined, 503, '5'],
  ['QUEUE_FULL', 2.5, 429, '3'],
  ['DRAINING', undefined, 503, '5'],
  ['BUS_UNREACHABLE', undefined, 503, '5'],
  ['CONVERSATION_BUSY', undefined, 409, null],
];

test('a turn that is not admitted is refused with the time to wait, which is never long', async (t) => {
  const server = await startOpenAiServer(t);
  for (const [code, retryAfterS, status, retryAfter] of BEFORE) {
    server.turns.script = {
      refuse: new AgenticoreError(code, undefined, retryAfterS === undefined ? {} : { retryAfterS }),
    };
    for (const stream of [true, false]) {
      const response = await ask(server, { messages: HI, stream });
      assert.deepEqual([response.status, response.headers.get('retry-after')], [status, retryAfter], code);
      assert.equal(response.headers.get('content-type'), 'application/json');
    }
  }
});

test('a turn that fails before its answer began is never told so that clients repeat it', async (t) => {
  const server = await startOpenAiServer(t);
  const told: [ErrorCode, number][] = [
    ['CLAUDE_USAGE_LIMIT', 502],
    ['MODEL_OVERLOADED', 502],
    ['CLAUDE_AUTH_FAILED', 502],
    ['CLAUDE_TIMEOUT', 504],
    ['CLAUDE_CRASHED', 500],
    ['CANCELLED', 500],
  ];
  for (const [code, status] of told) {
    server.turns.script = { fail: new AgenticoreError(code, undefined, { retryAfterS: 9 }) };
    const response = await ask(server, { messages: HI });
    assert.equal(response.status, status, code);
    assert.equal(response.headers.get('x-should-retry'), 'false');
    assert.equal(response.headers.get('retry-after'), null);
  }
});

test('a bug says nothing but that it is one; the log has it', async (t) => {
  const server = await startOpenAiServer(t, { script: { refuse: new Error('secret detail') } });
  const response = await ask(server, { messages: HI });
  const text = await response.text();
  assert.equal(response.status, 500);
  assert.doesNotMatch(text, /secret/);
  assert.equal(JSON.parse(text).error.code, 'server_error');
  assert.match(JSON.stringify(server.facts), /http\.bug.*secret detail/);
});

test('models answer HEAD and OPTIONS', async (t) => {
  const { url } = await startOpenAiServer(t);
  const head = await fetch(`${url}/v1/models`, { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text()], [200, '']);
  const options = await fetch(`${url}/v1/models`, { method: 'OPTIONS' });
  assert.deepEqual([options.status, options.headers.get('allow')], [204, 'GET, HEAD, POST, OPTIONS']);
  const posted = await fetch(`${url}/v1/models`, { method: 'POST' });
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
  const one = await fetch(`${url}/v1/models/ours%2Fsonnet`);
  assert.deepEqual(await one.json(), {
    id: 'ours/sonnet',
    object: 'model',
    created: 1_700_000_000,
    owned_by: 'agenticore',
  });
});

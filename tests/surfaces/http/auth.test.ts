// Who may call.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { isCode } from '../../../src/domain/errors.js';
import { hashApiKeys } from '../../../src/surfaces/http/api-keys.js';
import type { HttpDeps } from '../../../src/surfaces/http/http-deps.js';
import { eventually } from '../../support/eventually.js';
import { jsonOf, startTestServer } from './test-server.js';

test('with keys, every address but /health and /ready asks for one; any way of showing it suffices', async (t) => {
  const { url } = await startTestServer(t, { apiKeys: ['ann:secret-1', 'plain'] });
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}${path}`, { headers });
    await response.text();
    return response.status;
  };
  assert.equal(await ask('/health'), 200);
  assert.equal(await ask('/ready'), 200);
  for (const path of ['/jobs', '/profiles', '/events', '/nothing', '/jobs/x/events'])
    assert.equal(await ask(path), 401, path);
  assert.equal(await ask('/jobs', { 'x-api-key': 'secret-1' }), 200);
  assert.equal(await ask('/jobs', { 'x-api-key': 'plain' }), 200);
  assert.equal(await ask('/jobs', { authorization: 'Bearer secret-1' }), 200);
  assert.equal(await ask('/jobs', { authorization: 'bearer   secret-1' }), 200);
  assert.equal(await ask('/jobs', { authorization: 'Bearer wrong', 'x-api-key': 'secret-1' }), 200);
  assert.equal(await ask('/jobs', { authorization: 'Bearer secret-1', 'x-api-key': 'wrong' }), 200);
  for (const wrong of ['ann:secret-1', 'ann', 'secret-', 'secret-11', 'SECRET-1', '']) {
    assert.equal(await ask('/jobs', { 'x-api-key': wrong }), 401, wrong);
    assert.equal(await ask('/jobs', { authorization: `Bearer ${wrong}` }), 401, wrong);
  }
  assert.equal(await ask('/jobs', { authorization: 'Basic secret-1' }), 401);
  assert.equal(await ask('/jobs?api_key=secret-1'), 401);

  const refused = await fetch(`${url}/jobs`);
  assert.equal(refused.headers.get('www-authenticate'), 'Bearer realm="agenticore"');
  const body = await jsonOf(refused);
  assert.equal(body.success, false);
  assert.equal(body.error, 'Invalid or missing API key');
  assert.equal(body.code, 'AGENTICORE_UNAUTHORIZED');
});

test('the metrics ask for a key like all the rest, on every role, unless the operator shows them to all', async (t) => {
  const ask = async (change: Partial<HttpDeps>, headers: Record<string, string> = {}) => {
    const { url } = await startTestServer(t, { apiKeys: ['k'], change: (deps) => ({ ...deps, ...change }) });
    const response = await fetch(`${url}/metrics`, { headers });
    await response.text();
    return [response.status, response.headers.get('content-type')?.split(';')[0]];
  };
  const refused = [401, 'application/problem+json'];
  const shown = [200, 'text/plain'];
  assert.deepEqual(await ask({}), refused);
  assert.deepEqual(await ask({ probesOnly: true }), refused);
  assert.deepEqual(await ask({ probesOnly: true }, { authorization: 'Bearer k' }), shown);
  assert.deepEqual(await ask({ publicMetrics: true }), shown);
});

test('a key in the address is taken only when allowed, and never reaches the log', async (t) => {
  const { url, facts } = await startTestServer(t, { apiKeys: ['k-in-url'], allowQueryKey: true });
  assert.equal((await fetch(`${url}/jobs?api_key=k-in-url`)).status, 200);
  assert.equal((await fetch(`${url}/jobs?api_key=wrong`)).status, 401);
  assert.equal((await fetch(`${url}/jobs?api_key=wrong&api_key=k-in-url`)).status, 200);
  await eventually(
    'the requests are logged',
    () => facts.filter(({ fact }) => fact === 'http.request').length === 3,
  );
  assert.doesNotMatch(JSON.stringify(facts), /k-in-url/);
});

test('a request without a key is refused before its body is read', async (t) => {
  const { port } = await startTestServer(t, { apiKeys: ['k'] });
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    answer += piece;
  });
  socket.write(
    'POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
  );
  await eventually('the refusal', () => answer.startsWith('HTTP/1.1 401 '));
  socket.destroy();
});

test('keys are kept as hashes, named or by the start of their hash; a key may hold colons when named', () => {
  const keys = hashApiKeys(['ann:a:b', 'plain']);
  assert.equal(keys[0]?.name, 'ann');
  assert.match(keys[1]?.name ?? '', /^key-[0-9a-f]{8}$/);
  assert.doesNotMatch(JSON.stringify(keys), /plain|a:b/);
  for (const wrong of ['', ':', 'ann:', ':k', ' ']) {
    assert.throws(
      () => hashApiKeys([wrong]),
      (error) => isCode(error, 'CONFIG_INVALID'),
      wrong,
    );
  }
});

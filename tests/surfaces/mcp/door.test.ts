// Who may come to /mcp, /sse and /messages, and in which words others are refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.js';
import { type Json, startTestServer } from '../http/test-server.js';
import { call, connectClient } from './mcp-client.js';

const ACCEPT = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const HELLO = {
  ...{ jsonrpc: '2.0', id: 0, method: 'initialize' },
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '0' } },
};

const say = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/mcp`, {
    method: 'POST',
    headers: { ...ACCEPT, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

async function hello(url: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await say(url, HELLO, headers);
  assert.equal(response.status, 200, await response.text());
  return response.headers.get('mcp-session-id') ?? '';
}

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };

test('a visit belongs to the caller who began it', async (t) => {
  const { url } = await startTestServer(t, { apiKeys: ['a:ka', 'b:kb'] });
  const nobody = await say(url, HELLO);
  assert.equal(nobody.status, 401);
  assert.match(nobody.headers.get('www-authenticate') ?? '', /^Bearer/);
  const id = await hello(url, { 'x-api-key': 'ka' });
  const asks = (key: string, visit: string) => say(url, PING, { 'x-api-key': key, 'mcp-session-id': visit });
  assert.equal((await asks('ka', id)).status, 200);
  assert.equal((await asks('kb', id)).status, 404);
  assert.equal((await asks('ka', 'made-up')).status, 404);
  assert.equal((await asks('ka', 'x'.repeat(4000))).status, 404);
  const stolen = await fetch(`${url}/mcp`, {
    method: 'DELETE',
    headers: { 'x-api-key': 'kb', 'mcp-session-id': id },
  });
  assert.equal(stolen.status, 404);
  assert.equal((await asks('ka', id)).status, 200);
});

test('what is no message is refused in the words of the protocol', async (t) => {
  const { url } = await startTestServer(t, { limits: { maxBodyBytes: 4096 } });
  const id = await hello(url);
  const refused: [Promise<Response>, number, RegExp][] = [
    [say(url, '{', { 'mcp-session-id': id }), 400, /INVALID_JSON/],
    [say(url, `"${'x'.repeat(5000)}"`, { 'mcp-session-id': id }), 413, /BODY_TOO_LARGE/],
    [say(url, PING), 400, /Mcp-Session-Id is missing/],
    [say(url, {}, { 'mcp-session-id': id }), 400, /JSON-RPC/],
    [say(url, PING, { 'mcp-session-id': id, accept: 'text/html' }), 406, /Accept|accept/],
    [say(url, PING, { 'mcp-session-id': id, 'content-type': 'text/plain' }), 415, /MEDIA_TYPE/],
    [say(url, PING, { 'mcp-session-id': id, 'mcp-protocol-version': '1999-01-01' }), 400, /version/],
    [fetch(`${url}/mcp`), 400, /Mcp-Session-Id is missing/],
    [fetch(`${url}/mcp`, { method: 'PUT' }), 405, /Only/],
    [fetch(`${url}/messages`, { method: 'POST', headers: ACCEPT, body: '{}' }), 404, /Session not found/],
  ];
  for (const [answer, status, says] of refused) {
    const response = await answer;
    const text = await response.text();
    assert.equal(response.status, status, text);
    assert.equal((JSON.parse(text) as Json).jsonrpc, '2.0');
    assert.match(text, says);
  }
  assert.equal((await say(url, PING, { 'mcp-session-id': id })).status, 200);
});

test('who asks for the head of a stream has it at once', async (t) => {
  const { url } = await startTestServer(t);
  const { status, headers } = await fetch(`${url}/sse`, { method: 'HEAD' });
  assert.deepEqual([status, headers.get('content-type')], [200, 'text/event-stream']);
});

test('a process serves a bounded number of clients: idle ones make place, busy ones do not', async (t) => {
  const { url } = await startTestServer(t, { mcpLimits: { maxVisits: 1 } });
  const first = await hello(url);
  const second = await hello(url); // the first is idle
  const stream = await fetch(`${url}/mcp`, {
    headers: { accept: 'text/event-stream', 'mcp-session-id': second },
  });
  const third = await say(url, HELLO);
  assert.equal(third.status, 503);
  assert.ok(Number(third.headers.get('retry-after')) > 0);
  await stream.body?.cancel();
  await eventually(
    'the first comes back',
    async () => (await say(url, PING, { 'mcp-session-id': first })).status === 200,
  );

  const client = await connectClient(t, url, { over: 'sse' });
  assert.equal((await fetch(`${url}/sse`)).status, 503);
  await client.close();
  await eventually('there is place again', async () => {
    const again = await fetch(`${url}/sse`);
    await again.body?.cancel();
    return again.status === 200;
  });
});

test('a caller may do what the scopes of the key say, tool by tool, and read nothing else', async (t) => {
  const { url, bus } = await startTestServer(t, { apiKeys: ['r[jobs:read]:kr', 'w[jobs:write]:kw'] });
  const as = (key: string) => connectClient(t, url, { headers: { 'x-api-key': key } });
  const [reader, writer] = [await as('kr'), await as('kw')];
  const refused = [await call(reader, 'run_task', { task: 'x' }), await call(writer, 'list_jobs')];
  for (const answer of refused) assert.equal(answer.code, 'AGENTICORE_INSUFFICIENT_SCOPE');
  assert.equal(await bus.events.count('queued'), 0);
  await call(writer, 'run_task', { task: 'x', wait: false });
  assert.equal((await call(reader, 'list_jobs')).total, 1);
  assert.equal((await reader.listResources()).resources.length, 1);
  await assert.rejects(writer.listResources(), /jobs:read/);
});

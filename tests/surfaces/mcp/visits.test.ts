// A visit on two processes of a fleet, neither of which is asked twice in a row: one Redis, two servers, one client.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { freshPrefix, openBus, useRedis } from '../../adapters/redis/redis-under-test.js';
import { eventually } from '../../support/eventually.js';
import { startAttempt, submit } from '../../support/ledger.js';
import { startTestServer, type TestServer } from '../http/test-server.js';
import { call, connectClient } from './mcp-client.js';

const redis = useRedis();

type After = { after(done: () => Promise<void>): void };

async function startTwo(t: After): Promise<readonly [TestServer, TestServer]> {
  const keyPrefix = freshPrefix(redis.server);
  const open = () => openBus(redis.server, { keyPrefix });
  return Promise.all([startTestServer(t, { openBus: open }), startTestServer(t, { openBus: open })]);
}

/** A client whose requests go to the servers in turn, save those that `pin` gives a place. */
async function visitBoth(
  t: After,
  servers: readonly TestServer[],
  pin: (method: string, body: string) => TestServer | undefined = () => undefined,
) {
  let n = 0;
  const visit = { id: '' };
  const client = await connectClient(t, 'http://127.0.0.1:1', {
    fetch: async (input, init) => {
      const chosen = pin(init?.method ?? 'GET', String(init?.body ?? '')) ?? servers[n++ % servers.length];
      const response = await fetch(new URL(new URL(String(input)).pathname, chosen?.url), init);
      visit.id = response.headers.get('mcp-session-id') ?? visit.id;
      return response;
    },
  });
  return { client, visit };
}

test('a client may ask either process, and leaves both', async (t) => {
  const [a, b] = await startTwo(t);
  const { client, visit } = await visitBoth(t, [a, b]);
  const { job } = await call(client, 'run_task', { task: 'x', wait: false });
  for (let n = 0; n < 4; n += 1)
    assert.deepEqual(await call(client, 'get_job', { job_id: (job as { id: string }).id }), {
      ...(await call(client, 'get_job', { job_id: (job as { id: string }).id })),
    });
  const ask = (server: TestServer) =>
    fetch(`${server.url}/mcp`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-session-id': visit.id,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 99, method: 'ping' }),
    });
  for (const server of [a, b]) assert.equal((await ask(server)).status, 200);
  const left = await fetch(`${a.url}/mcp`, { method: 'DELETE', headers: { 'mcp-session-id': visit.id } });
  assert.equal(left.status, 200);
  for (const server of [a, b]) assert.equal((await ask(server)).status, 404);
});

test('what is followed at one process is told by the other, which has the stream', async (t) => {
  const [a, b] = await startTwo(t);
  const { client } = await visitBoth(t, [a, b], (method) => (method === 'GET' ? a : b));
  const told: string[] = [];
  client.setNotificationHandler(
    ResourceUpdatedNotificationSchema,
    ({ params }) => void told.push(params.uri),
  );
  await eventually('the stream is open', () => a.facts.length >= 0);
  const jobId = await submit(b.bus.events);
  const uri = `agenticore://jobs/${jobId}`;
  await client.subscribeResource({ uri });
  await eventually('the other one follows it', () => a.watchers() === 1);
  await startAttempt(b.bus.events, jobId);
  await eventually('it is told', () => told.includes(uri));
  await client.unsubscribeResource({ uri });
  await eventually('neither follows it', () => a.watchers() + b.watchers() === 0);
});

test('a call that runs at one process is called off at the other', async (t) => {
  const [a, b] = await startTwo(t);
  const { client } = await visitBoth(t, [a, b], (_method, body) =>
    body.includes('notifications/cancelled') ? b : a,
  );
  const enough = new AbortController();
  let heard = 0;
  const answer = client.callTool({ name: 'run_task', arguments: { task: 'x' } }, undefined, {
    signal: enough.signal,
    onprogress: () => {
      heard += 1;
    },
  });
  await eventually('it waits', () => heard > 0);
  enough.abort();
  await assert.rejects(answer);
  await eventually(
    'the job is cancelled',
    async () => (await a.bus.events.list({ limit: 1 })).jobs[0]?.status === 'cancelled',
  );
  await eventually('nobody waits', () => a.watchers() === 0);
});

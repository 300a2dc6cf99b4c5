// OAuth between processes: what one of them allowed, the others know, and so does the next one after a restart.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { auth } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { startRedis, type TestRedis } from '../support/redis-server.js';
import type { Json } from '../surfaces/http/test-server.js';
import { call } from '../surfaces/mcp/mcp-client.js';
import { type Ask, sayYes } from '../surfaces/oauth/person.js';
import { createSdkClient, type SdkClient } from '../surfaces/oauth/sdk-client.js';
import { openProcesses, type Process, type Processes } from './processes.js';

const ISSUER = 'https://agenticore.example';
const LOGIN_SECRET = 'correct horse battery';
const ENV = { OAUTH_ISSUER_URL: ISSUER, OAUTH_LOGIN_SECRET: LOGIN_SECRET, AGENTICORE_RATE_LIMIT: '1000' };
const where = { serverUrl: `${ISSUER}/mcp` };

/** What stands in front of processes: each request goes to the next of them. */
function balancer(): { readonly ask: Ask; readonly behind: Process[]; readonly served: Set<string> } {
  const behind: Process[] = [];
  const served = new Set<string>();
  let nth = 0;
  return {
    behind,
    served,
    ask(url, init) {
      const next = behind[nth++ % behind.length];
      if (next === undefined) throw new Error('nobody serves');
      served.add(next.name);
      return fetch(String(url).replace(ISSUER, next.url), { redirect: 'manual', ...init });
    },
  };
}

const statusOf = async (ask: Ask, token: string): Promise<number> => {
  const response = await ask(`${ISSUER}/jobs`, { headers: { authorization: `Bearer ${token}` } });
  await response.text();
  return response.status;
};

/** The official client at /mcp, with its token. */
async function visit(ask: Ask, { provider }: SdkClient): Promise<Client> {
  const client = new Client({ name: 'a test', version: '0' });
  const options = { authProvider: provider, fetch: ask };
  await client.connect(new StreamableHTTPClientTransport(new URL(where.serverUrl), options) as Transport);
  return client;
}

/** A client to which a person gives this scope and no other. */
async function clientWith(ask: Ask, scope: string): Promise<SdkClient> {
  const client = createSdkClient();
  const flow = { ...where, fetchFn: ask, scope };
  assert.equal(await auth(client.provider, flow), 'REDIRECT');
  const back = await sayYes(ask, client.sentTo(), LOGIN_SECRET);
  const authorizationCode = back.searchParams.get('code') ?? '';
  assert.equal(await auth(client.provider, { ...flow, authorizationCode }), 'AUTHORIZED');
  return client;
}

/** How many requests the caller has left in this minute, as each process says in its turn. */
async function requestsLeft(ask: Ask, token: string): Promise<number> {
  const response = await ask(`${ISSUER}/jobs`, { headers: { authorization: `Bearer ${token}` } });
  await response.text();
  return Number(/r=(\d+)/.exec(response.headers.get('ratelimit') ?? '')?.[1]);
}

async function stop(process: Process): Promise<void> {
  process.send('SIGINT');
  assert.equal(await process.ended, 0, process.log());
}

describe('OAuth', { timeout: 120_000 }, () => {
  let redis: TestRedis;
  let processes: Processes;
  before(async () => {
    redis = await startRedis();
    processes = await openProcesses(redis);
  });
  after(async () => {
    await processes.close();
    await redis.stop();
  });

  it('leads to a tool call in two processes on Redis, with a restart at each step', async () => {
    const { ask, behind, served } = balancer();
    const [a, b] = await Promise.all(['a', 'b'].map((name) => processes.start(name, 'ingress,gateway', ENV)));
    assert.ok(a && b);
    behind.push(a, b);
    const client = createSdkClient();
    assert.equal(await auth(client.provider, { ...where, fetchFn: ask }), 'REDIRECT');
    await stop(a);
    behind.splice(0, 1, await processes.start('a-again', 'ingress,gateway', ENV));
    const back = await sayYes(ask, client.sentTo(), LOGIN_SECRET);
    await stop(b);
    behind.splice(1, 1, await processes.start('b-again', 'ingress,gateway', ENV));

    const authorizationCode = back.searchParams.get('code') ?? '';
    assert.equal(await auth(client.provider, { ...where, fetchFn: ask, authorizationCode }), 'AUTHORIZED');
    const first = client.tokens();
    for (const _ of behind) assert.equal(await statusOf(ask, first.access_token), 200);
    assert.equal(await auth(client.provider, { ...where, fetchFn: ask }), 'AUTHORIZED');
    const second = client.tokens();
    for (const _ of behind) assert.equal(await statusOf(ask, second.access_token), 200);

    const left: number[] = [];
    for (let nth = 0; nth < 4; nth += 1) left.push(await requestsLeft(ask, second.access_token));
    // Between two of them a new minute may begin.
    const steps = left.slice(1).map((count, nth) => (left[nth] ?? 0) - count);
    assert.ok(steps.filter((step) => step === 1).length >= 2, left.join());

    // What all of it is for: each request of these visits goes to the other process.
    const writer = await visit(ask, client);
    const { job } = await call(writer, 'run_task', { task: 'x', wait: false });
    const { id } = job as Json;
    const reader = await visit(ask, await clientWith(ask, 'jobs:read'));
    assert.equal(((await call(reader, 'get_job', { job_id: id })).job as Json).status, 'queued');
    const refused = await call(reader, 'run_task', { task: 'y', wait: false });
    assert.deepEqual([refused.success, refused.code], [false, 'AGENTICORE_INSUFFICIENT_SCOPE']);
    assert.equal((await call(reader, 'list_jobs')).total, 1, 'nothing was made');
    await Promise.all([writer.close(), reader.close()]);

    // The old refresh token comes back, at whichever process: all of the grant ends, at every process.
    const { client_id = '' } = (await client.provider.clientInformation()) ?? {};
    const body = { grant_type: 'refresh_token', client_id, refresh_token: first.refresh_token ?? '' };
    const stolen = await ask(`${ISSUER}/token`, { method: 'POST', body: new URLSearchParams(body) });
    assert.equal(stolen.status, 400);
    for (const { access_token } of [first, second])
      for (const _ of behind) assert.equal(await statusOf(ask, access_token), 401);
    assert.deepEqual([...served].sort(), ['a', 'a-again', 'b', 'b-again']);
    for (const process of behind) assert.doesNotMatch(process.log(), /agaccess|agrefresh|agcode|horse/);
  });

  it('outlives a restart of one process on files', async () => {
    const { ask, behind } = balancer();
    const onFiles = { ...ENV, REDIS_URL: '' };
    const before = await processes.start('files', 'all', onFiles);
    behind.push(before);
    const client = createSdkClient();
    assert.equal(await auth(client.provider, { ...where, fetchFn: ask }), 'REDIRECT');
    const back = await sayYes(ask, client.sentTo(), LOGIN_SECRET);
    const authorizationCode = back.searchParams.get('code') ?? '';
    assert.equal(await auth(client.provider, { ...where, fetchFn: ask, authorizationCode }), 'AUTHORIZED');
    await stop(before);
    behind.splice(0, 1, await processes.start('files', 'all', onFiles));
    assert.equal(await statusOf(ask, client.tokens().access_token), 200);
    assert.equal(await auth(client.provider, { ...where, fetchFn: ask }), 'AUTHORIZED');
    assert.equal(await statusOf(ask, client.tokens().access_token), 200);
  });
});

// `agenticore stdio` as an MCP client starts it: a process whose standard output is the protocol and nothing else.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { relayStdio } from '../../../src/surfaces/mcp/stdio/relay-stdio.js';
import { openBus } from '../../adapters/redis/redis-under-test.js';
import { startRedis } from '../../support/redis-server.js';
import { tempDir } from '../../support/temp-dir.js';
import { type Json, startTestServer } from '../http/test-server.js';
import { call } from './mcp-client.js';

const DOOR = fileURLToPath(new URL('../../../src/main.js', import.meta.url));

type After = { after(done: () => Promise<void>): void };

async function homeOf(t: After): Promise<string> {
  const folder = await tempDir();
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

const environment = (folder: string, more: Record<string, string> = {}): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: folder,
  AGENTICORE_HOME: `${folder}/home`,
  AGENTICORE_REPOS_ROOT: `${folder}/repos`,
  AGENTICORE_PORT: '0',
  // No attempt is to begin: there is no claude.
  AGENTICORE_CLAUDE_BINARY: '/nonexistent/claude',
  LOG_LEVEL: 'debug',
  ...more,
});

async function connect(t: After, env: Record<string, string>): Promise<Client> {
  const client = new Client({ name: 'test', version: '0' });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [DOOR, 'stdio'],
    env,
    stderr: 'ignore',
  });
  t.after(() => client.close());
  client.onerror = (error) => {
    throw error; // a line that is not the protocol's
  };
  await client.connect(transport);
  return client;
}

const submitted = async (client: Client): Promise<string> =>
  String(((await call(client, 'run_task', { task: 'x', wait: false })).job as Json).id);

test('alone it is a whole server; it answers what it was asked, leaves when its input ends, and forgets nothing', async (t) => {
  const folder = await homeOf(t);
  const env = environment(folder, { AGENTICORE_TRANSPORT: 'stdio' });
  const child = spawn(process.execPath, [DOOR, 'serve'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'x', version: '0' } };
  const asked = [
    { jsonrpc: '2.0', id: 1, method: 'initialize', params },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    'this is no message',
    { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'run_task', arguments: { task: 'x' } } },
    { jsonrpc: '2.0', id: 3, method: 'resources/list' },
  ];
  child.stdin.end(
    asked.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  );
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  assert.equal(code, 0);
  const lines = said.trimEnd().split('\n');
  const answers = lines.map((line) => JSON.parse(line) as Json);
  assert.deepEqual(answers.map(({ id }) => id).toSorted(), [1, 2, 3]);
  assert.ok(answers.every(({ jsonrpc, result }) => jsonrpc === '2.0' && result));

  const client = await connect(t, environment(folder));
  assert.equal((await client.listTools()).tools.length, 8);
  const { jobs } = (await call(client, 'list_jobs')) as { jobs: Json[] };
  assert.deepEqual(
    jobs.map(({ task }) => task),
    ['x'],
  );
});

test('beside a server it is the way there', async (t) => {
  const server = await startTestServer(t, { apiKeys: ['a:ka'] });
  const folder = await homeOf(t);
  const address = { AGENTICORE_HOME: server.home, AGENTICORE_URL: server.url, AGENTICORE_API_KEY: 'ka' };
  const client = await connect(t, environment(folder, address));
  const job_id = await submitted(client);
  assert.equal((await server.bus.events.load(job_id))?.job.status, 'queued');
  assert.ok(server.facts.some(({ fields }) => fields.caller === 'a' && fields.path === '/mcp'));
});

test('a server that does not take what is relayed is an answer, not a silence', async (t) => {
  const { url } = await startTestServer(t, { apiKeys: ['a:ka'] });
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  stdin.end(`${JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'ping' })}\n`);
  await relayStdio({ url }, { stdin, stdout }, () => {}, new AbortController().signal);
  stdout.end();
  const { id, error } = JSON.parse(await text(stdout)) as { id: number; error: { message: string } };
  assert.equal(id, 7);
  assert.match(error.message, /did not take this/);
});

test('on Redis it takes jobs in and leaves the work to the workers', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const folder = await homeOf(t);
  const env = environment(folder, { REDIS_URL: redis.url, REDIS_KEY_PREFIX: redis.keyPrefix });
  const client = await connect(t, env);
  const job_id = await submitted(client);
  const bus = await openBus(redis, { keyPrefix: redis.keyPrefix });
  t.after(() => bus.close());
  assert.equal((await bus.events.load(job_id))?.job.status, 'queued');
  assert.deepEqual(await bus.registry.list(), []);
});

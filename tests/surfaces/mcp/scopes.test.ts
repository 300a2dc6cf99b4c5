// What a client may do with its key: each tool and each resource takes the scope that REST takes for the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endedJob } from '../http/lively-job.js';
import { type Json, startTestServer } from '../http/test-server.js';
import { call, connectClient } from './mcp-client.js';

const KEYS = { chat: 'chat[agent:chat]:c', reader: 'reader[jobs:read]:r', writer: 'writer[jobs:write]:w' };

const READING: readonly (readonly [name: string, args: (job_id: string) => Json])[] = [
  ['get_job', (job_id) => ({ job_id })],
  ['list_jobs', () => ({})],
  ['list_profiles', () => ({})],
  ['job_output', (job_id) => ({ job_id })],
  ['job_diff', (job_id) => ({ job_id })],
];
const WRITING: typeof READING = [
  ['run_task', () => ({ task: 'x', wait: false })],
  ['retry_job', (job_id) => ({ job_id })],
  ['cancel_job', (job_id) => ({ job_id })],
];

test('a tool that takes another scope is refused with it, and does nothing', async (t) => {
  const { url, bus } = await startTestServer(t, { apiKeys: Object.values(KEYS) });
  const job_id = await endedJob(bus);
  const countOf = async () => (await bus.events.list({ limit: 9 })).jobs.length;
  const opens = async (key: string, tools: typeof READING): Promise<readonly boolean[]> => {
    const client = await connectClient(t, url, { headers: { 'x-api-key': key } });
    const answers = tools.map(async ([name, args]) => {
      const { code, error } = await call(client, name, args(job_id));
      if (code === 'AGENTICORE_INSUFFICIENT_SCOPE') assert.match(String(error), /jobs:(read|write)/);
      return code !== 'AGENTICORE_INSUFFICIENT_SCOPE';
    });
    return Promise.all(answers);
  };
  const none = (tools: typeof READING) => tools.map(() => false);
  const all = (tools: typeof READING) => tools.map(() => true);
  assert.deepEqual(await opens('c', [...READING, ...WRITING]), none([...READING, ...WRITING]));
  assert.deepEqual(await opens('r', READING), all(READING));
  assert.deepEqual(await opens('r', WRITING), none(WRITING));
  assert.deepEqual(await opens('w', READING), none(READING));
  assert.equal(await countOf(), 1);
  assert.deepEqual(await opens('w', WRITING), all(WRITING));
  assert.equal(await countOf(), 3);
});

test('resources take jobs:read, to be listed, read, followed or completed', async (t) => {
  const { url, bus, watchers } = await startTestServer(t, { apiKeys: Object.values(KEYS) });
  const uri = `agenticore://jobs/${await endedJob(bus)}`;
  const template = { type: 'ref/resource' as const, uri: 'agenticore://jobs/{id}' };
  const asks = async (key: string) => {
    const client = await connectClient(t, url, { headers: { 'x-api-key': key } });
    return [
      () => client.listResources(),
      () => client.readResource({ uri }),
      () => client.subscribeResource({ uri }),
      () => client.complete({ ref: template, argument: { name: 'id', value: '' } }),
    ];
  };
  for (const key of ['c', 'w'])
    for (const ask of await asks(key)) await assert.rejects(ask(), /jobs:read/, `${key} ${ask}`);
  assert.equal(watchers(), 0);
  for (const ask of await asks('r')) await ask();
});

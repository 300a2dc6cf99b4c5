// Jobs as resources, prompts, and what a client completes while somebody types.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { eventually } from '../../support/eventually.js';
import { startAttempt, submit } from '../../support/ledger.js';
import { endedJob } from '../http/lively-job.js';
import { jobOf, startTestServer } from '../http/test-server.js';
import { connectClient, TRANSPORTS } from './mcp-client.js';

test('what there is of a job is read at its addresses', async (t) => {
  const { url, bus } = await startTestServer(t);
  const client = await connectClient(t, url);
  const jobId = await endedJob(bus);
  const read = async (part: string): Promise<string> => {
    const { contents } = await client.readResource({ uri: `agenticore://jobs/${jobId}${part}` });
    const [found] = contents;
    assert.ok(found && 'text' in found && contents.length === 1);
    return found.text;
  };
  assert.deepEqual(JSON.parse(await read('')), await jobOf(await fetch(`${url}/jobs/${jobId}`)));
  assert.equal(await read('/diff'), await (await fetch(`${url}/jobs/${jobId}/diff`)).text());
  assert.equal(
    await read('/transcript'),
    await (await fetch(`${url}/jobs/${jobId}/output?format=jsonl`)).text(),
  );
  for (const uri of [
    `agenticore://jobs/${jobId}/output`, // it gave no answer
    `agenticore://jobs/${jobId}/nothing`,
    `agenticore://jobs/${jobId}/diff/more`,
    'agenticore://jobs/x',
    'agenticore://jobs/../../etc/passwd',
    'file:///etc/passwd',
  ])
    await assert.rejects(client.readResource({ uri }), { code: -32002 }, uri);
});

test('jobs are listed page by page, and the templates say what else there is', async (t) => {
  const { url, bus } = await startTestServer(t);
  const client = await connectClient(t, url);
  for (let n = 0; n < 51; n += 1) await submit(bus.events, { order: { task: `task ${n}` } });
  const first = await client.listResources();
  assert.equal(first.resources.length, 50);
  assert.equal(first.resources[0]?.title, 'task 50');
  const second = await client.listResources({ cursor: first.nextCursor });
  assert.deepEqual([second.resources.length, second.nextCursor], [1, undefined]);
  await assert.rejects(client.listResources({ cursor: 'nonsense' }), { code: -32602 });
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.deepEqual(
    resourceTemplates.map(({ uriTemplate }) => uriTemplate),
    ['', '/output', '/transcript', '/diff'].map((part) => `agenticore://jobs/{id}${part}`),
  );
  const [{ uri = '' } = {}] = second.resources;
  const id = uri.split('/').at(-1) ?? '';
  const ask = {
    ref: { type: 'ref/resource' as const, uri: 'agenticore://jobs/{id}' },
    argument: { name: 'id', value: id.slice(0, 30) },
  };
  assert.deepEqual((await client.complete(ask)).completion.values, [id]);
});

for (const over of TRANSPORTS) {
  test(`over ${over} who follows a job is told when it has changed, until they do not want it any more`, async (t) => {
    const { url, bus, watchers } = await startTestServer(t);
    const client = await connectClient(t, url, { over });
    const jobId = await submit(bus.events);
    const uri = `agenticore://jobs/${jobId}`;
    const told: string[] = [];
    client.setNotificationHandler(
      ResourceUpdatedNotificationSchema,
      ({ params }) => void told.push(params.uri),
    );
    await client.subscribeResource({ uri });
    await client.subscribeResource({ uri: 'test://never-changes' });
    await eventually('it is watched', () => watchers() === 1);
    await startAttempt(bus.events, jobId);
    await eventually('it is told', () => told.length > 0);
    assert.equal(told[0], uri);
    await client.unsubscribeResource({ uri });
    await eventually('it is watched no more', () => watchers() === 0);
    await client.subscribeResource({ uri });
    await client.close();
    if (over === 'sse') await eventually('the client has left', () => watchers() === 0);
  });
}

test('a client follows a bounded number of resources', async (t) => {
  const { url } = await startTestServer(t, { mcpLimits: { maxFollowed: 2 } });
  const client = await connectClient(t, url);
  for (const uri of ['a:1', 'a:2', 'a:2']) await client.subscribeResource({ uri });
  await assert.rejects(client.subscribeResource({ uri: 'a:3' }), /2 resources/);
  await client.unsubscribeResource({ uri: 'a:2' });
  await assert.rejects(client.subscribeResource({ uri: `a:${'3'.repeat(4000)}` }), /2048 characters/);
});

test('prompts lead to run_task with the profile that they are for', async (t) => {
  const { url } = await startTestServer(t);
  const client = await connectClient(t, url);
  const { prompts } = await client.listPrompts();
  assert.deepEqual(
    prompts.map(({ name }) => name),
    ['fix', 'review'], // this server has no profile `plan`
  );
  const { messages } = await client.getPrompt({
    name: 'fix',
    arguments: { problem: 'It "hangs".', repo_url: 'https://example.com/a' },
  });
  const content = messages[0]?.content;
  const text = content?.type === 'text' ? content.text : '';
  const request = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
  assert.equal(request.profile, 'code');
  assert.equal(request.repo_url, 'https://example.com/a');
  assert.match(request.task, /It "hangs"\./);
  await assert.rejects(client.getPrompt({ name: 'fix', arguments: { problem: 'x' } }), /repo_url is missing/);
  await assert.rejects(client.getPrompt({ name: 'plan', arguments: {} }), /no prompt plan/);
});

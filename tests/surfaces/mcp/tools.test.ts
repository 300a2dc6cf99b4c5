// Every tool of a fleet by the official SDK's client, over each HTTP transport; the client checks each answer against the
// output schema that the tool shows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOf, compileSchema, readSchema } from '../../../src/runtime/schema.js';
import { carryOut } from '../../support/ledger.js';
import { endedJob } from '../http/lively-job.js';
import { type Json, jobOf, jsonOf, startTestServer } from '../http/test-server.js';
import { call, connectClient, TRANSPORTS } from './mcp-client.js';

const TOOLS = [
  'run_task',
  'get_job',
  'list_jobs',
  'cancel_job',
  'retry_job',
  'list_profiles',
  'job_output',
  'job_diff',
];

const job = (answer: Json): Json => answer.job as Json;

for (const over of TRANSPORTS) {
  test(`over ${over} every tool is listed with its schemas, and answers as REST does`, async (t) => {
    const { url } = await startTestServer(t);
    const client = await connectClient(t, url, { over });
    const { tools } = await client.listTools();
    assert.deepEqual(
      tools.map(({ name }) => name),
      TOOLS,
    );
    for (const { title, description, inputSchema, outputSchema, annotations } of tools) {
      assert.ok(title && description && outputSchema);
      checkOf(inputSchema);
      checkOf(outputSchema);
      assert.deepEqual(Object.keys(annotations ?? {}).toSorted(), [
        'destructiveHint',
        'idempotentHint',
        'openWorldHint',
        'readOnlyHint',
      ]);
    }

    const submitted = job(await call(client, 'run_task', { task: 'x', wait: false, metadata: { a: 'b' } }));
    const job_id = String(submitted.id);
    assert.deepEqual(compileSchema('job')(submitted), []);
    assert.deepEqual(submitted, await jobOf(await fetch(`${url}/jobs/${job_id}`)));
    assert.deepEqual(
      await call(client, 'list_jobs', { limit: 1 }),
      await jsonOf(await fetch(`${url}/jobs?limit=1`)),
    );
    assert.deepEqual(await call(client, 'list_profiles'), await jsonOf(await fetch(`${url}/profiles`)));
    assert.equal((await call(client, 'job_output', { job_id })).code, 'AGENTICORE_OUTPUT_NOT_FOUND');
    assert.equal((await call(client, 'job_diff', { job_id })).code, 'AGENTICORE_DIFF_NOT_FOUND');
    assert.equal((await call(client, 'retry_job', { job_id })).code, 'AGENTICORE_JOB_NOT_ENDED');

    const waited = await call(client, 'get_job', { job_id, wait_seconds: 1 });
    assert.equal(job(waited).status, 'queued');
    assert.match(String(waited.next), /get_job/);

    assert.equal(job(await call(client, 'cancel_job', { job_id })).status, 'cancelled');
    const again = job(await call(client, 'retry_job', { job_id, task: 'y' }));
    assert.deepEqual([again.retry_of, again.task], [job_id, 'y']);
    assert.equal(job(await call(client, 'get_job', { job_id })).status, 'cancelled');
  });
}

test('run_task takes all that POST /jobs takes, where to tell the end too', async (t) => {
  const { url, bus } = await startTestServer(t);
  const trace = 'ab'.repeat(16);
  const client = await connectClient(t, url, {
    headers: { traceparent: `00-${trace}-${'cd'.repeat(8)}-01` },
  });
  const { tools } = await client.listTools();
  const { properties = {} } = tools.find(({ name }) => name === 'run_task')?.inputSchema ?? {};
  assert.deepEqual(Object.keys(properties), Object.keys(readSchema('job-request').properties as Json));
  const callback_url = 'https://hooks.example.com/s3cret';
  const submitted = job(await call(client, 'run_task', { task: 'x', wait: false, callback_url }));
  assert.deepEqual(submitted.callback, { host: 'hooks.example.com', status: 'pending', attempts: 0 });
  assert.equal(submitted.trace_id, trace);
  assert.equal((await bus.events.load(String(submitted.id)))?.job.order.callbackUrl, callback_url);
});

test('a job that has been through everything passes the checks of clients', async (t) => {
  const { url, bus } = await startTestServer(t);
  const client = await connectClient(t, url);
  await client.listTools(); // from here on the client checks each answer
  const job_id = await endedJob(bus, { callbackUrl: 'https://example.com/hook' });
  const failed = { kind: 'failed', error: 'It answered 500.', isFinal: false } as const;
  await carryOut(bus.events, job_id, { type: 'RecordCallback', outcome: failed, jitter: 0 });
  const found = job(await call(client, 'get_job', { job_id }));
  for (const member of ['verification', 'findings', 'callback', 'usage', 'pr_url', 'commit'])
    assert.ok(member in found, member);
  assert.deepEqual((await call(client, 'list_jobs')).jobs, [found]);
});

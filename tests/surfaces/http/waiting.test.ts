// Holding a request open until the job ends, and asking twice for the same job.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { compileSchema } from '../../../src/runtime/schema.js';
import { eventually } from '../../support/eventually.js';
import { startAttempt } from '../../support/ledger.js';
import { endWithAnswer } from './lively-job.js';
import { jobOf, jsonOf, post, startTestServer } from './test-server.js';

const checkJob = compileSchema('job');

test('waiting answers 200 with the answer as soon as the job has ended', async (t) => {
  const { url, bus } = await startTestServer(t);
  const pending = post(`${url}/jobs`, { task: 'x', wait: true, wait_seconds: 50 });
  const jobId = await eventually(
    'the job is there',
    async () => (await bus.events.list({ status: 'queued', limit: 1 })).jobs[0]?.id,
  );
  await startAttempt(bus.events, jobId);
  await endWithAnswer(bus, jobId, 'ok');
  const response = await pending;
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('location'), `/jobs/${jobId}`);
  const job = await jobOf(response);
  assert.deepEqual(checkJob(job), []);
  assert.equal(job.mode, 'sync');
  assert.equal(job.output, 'ok');
});

test('waiting longer than wait_seconds answers 202 with the job as it stands', async (t) => {
  const { url, watchers } = await startTestServer(t);
  const response = await post(`${url}/jobs`, { task: 'x', wait: true, wait_seconds: 1 });
  assert.equal(response.status, 202);
  assert.equal((await jobOf(response)).status, 'queued');
  assert.equal(watchers(), 0);
});

test('hanging up while waiting neither cancels the job nor leaves anything behind', async (t) => {
  const { url, bus, port, watchers } = await startTestServer(t);
  const socket = connect(port, '127.0.0.1');
  const body = JSON.stringify({ task: 'x', wait: true });
  socket.write(
    `POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const jobId = await eventually(
    'the job is there',
    async () => (await bus.events.list({ status: 'queued', limit: 1 })).jobs[0]?.id,
  );
  await eventually('somebody waits', () => watchers() === 1);
  socket.destroy();
  await eventually('nobody waits', () => watchers() === 0);
  assert.equal((await jobOf(await fetch(`${url}/jobs/${jobId}`))).status, 'queued');
});

test('the same Idempotency-Key and body give the same job, another body is refused, keys are per caller', async (t) => {
  const { url } = await startTestServer(t, { apiKeys: ['a:ka', 'b:kb'] });
  const send = (apiKey: string, task: string) =>
    post(`${url}/jobs`, { task }, { 'x-api-key': apiKey, 'idempotency-key': 'once' });
  const first = await jobOf(await send('ka', 'x'));
  assert.equal((await jobOf(await send('ka', 'x'))).id, first.id);
  const other = await send('ka', 'y');
  assert.equal(other.status, 409);
  assert.equal((await jsonOf(other)).code, 'AGENTICORE_IDEMPOTENCY_MISMATCH');
  assert.notEqual((await jobOf(await send('kb', 'x'))).id, first.id);
});

test('concurrent requests with one Idempotency-Key make one job', async (t) => {
  const { url, bus } = await startTestServer(t);
  const sent = Array.from({ length: 20 }, () =>
    post(`${url}/jobs`, { task: 'x' }, { 'idempotency-key': 'k' }),
  );
  const ids = new Set(await Promise.all(sent.map(async (response) => (await jobOf(await response)).id)));
  assert.equal(ids.size, 1);
  assert.equal(await bus.events.count('queued'), 1);
});

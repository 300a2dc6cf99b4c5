// Jobs over REST, from submission to the end, on real sockets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileSchema } from '../../../src/runtime/schema.js';
import { carryOut, endAttempt, startAttempt, submit } from '../../support/ledger.js';
import { type Json, jobOf, jsonOf, post, startTestServer } from './test-server.js';

const checkJob = compileSchema('job');
const UUID = /^[0-9a-f-]{36}$/;

function assertIsJob(value: unknown): asserts value is Json {
  assert.deepEqual(checkJob(value), []);
}

test('a submitted job is accepted with its place and the job as it stands', async (t) => {
  const { url } = await startTestServer(t);
  const response = await post(`${url}/jobs`, {
    task: 'do it',
    repo_url: 'https://example.com/a/b',
    base_ref: 'main',
    metadata: { team: 'x', camelCase: 'kept' },
  });
  assert.equal(response.status, 202);
  assert.equal(response.headers.get('content-type'), 'application/json');
  const job = await jobOf(response);
  assertIsJob(job);
  assert.match(String(job.id), UUID);
  assert.equal(response.headers.get('location'), `/jobs/${job.id}`);
  assert.equal(job.status, 'queued');
  assert.equal(job.mode, 'fire_and_forget');
  assert.equal(job.profile, 'code');
  assert.deepEqual(job.metadata, { team: 'x', camelCase: 'kept' });

  const again = await jsonOf(await fetch(`${url}/jobs/${String(job.id).toUpperCase()}`));
  assert.deepEqual(again, { success: true, job });
});

test('every field of a request reaches the order', async (t) => {
  const { url, bus } = await startTestServer(t, {
    change: (deps) => ({
      ...deps,
      submit: { ...deps.submit, checkFilePath: async (path) => `/real${path}` },
    }),
  });
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const session = '7F3E1A52-0000-4000-8000-000000000001';
  const job = await jobOf(
    await post(
      `${url}/jobs`,
      {
        task: 'do it',
        repo_url: 'ssh://git@example.com/a/b',
        profile: 'review',
        base_ref: 'v1',
        session_id: session,
        timeout_s: 60,
        max_budget_usd: 0.5,
        model: 'opus[1m]',
        max_turns: 3,
        queue_ttl_seconds: 100,
        ttl_seconds: 200,
        metadata: { a: 'b' },
        file_path: '/x.mcp.json',
      },
      { traceparent },
    ),
  );
  assertIsJob(job);
  assert.equal(job.trace_id, '4bf92f3577b34da6a3ce929d0e0e4736');
  assert.deepEqual((await bus.events.load(String(job.id)))?.job.order, {
    task: 'do it',
    repoUrl: 'ssh://git@example.com/a/b',
    profile: 'review',
    baseRef: 'v1',
    sessionId: session.toLowerCase(),
    timeoutS: 60,
    maxBudgetUsd: 0.5,
    model: 'opus[1m]',
    maxTurns: 3,
    queueTtlS: 100,
    ttlS: 200,
    metadata: { a: 'b' },
    filePath: '/real/x.mcp.json',
    traceparent,
    lane: 'jobs',
    mode: 'fire_and_forget',
    maxAttempts: 3,
    backoffS: 30,
  });
});

test('empty texts of older clients mean that the field was left out', async (t) => {
  const { url, bus } = await startTestServer(t);
  const body = { task: 'x', repo_url: '', profile: '', base_ref: '', session_id: '', file_path: '' };
  const job = await jobOf(await post(`${url}/jobs`, body, { traceparent: '00-junk' }));
  const order = (await bus.events.load(String(job.id)))?.job.order;
  assert.equal(order?.profile, 'code');
  for (const absent of ['repoUrl', 'baseRef', 'sessionId', 'filePath', 'traceparent']) {
    assert.equal(Object.hasOwn(order ?? {}, absent), false, absent);
  }
});

test('a job that ran and succeeded is told whole, with its answer only where it is asked for alone', async (t) => {
  const { url, bus } = await startTestServer(t);
  const jobId = await submit(bus.events, { order: { repoUrl: 'https://example.com/a/b' } });
  await startAttempt(bus.events, jobId);
  const progress = [
    {
      type: 'WorkspaceOpened',
      path: '/w',
      configDir: '/c',
      branch: 'agenticore-x',
      baseRef: 'main',
      baseOid: 'a'.repeat(40),
    },
    { type: 'ClaudeStarted', pid: 7, sessionId: '7f3e1a52-0000-4000-8000-000000000001' },
    {
      type: 'ClaudeFinished',
      exitCode: 0,
      costUsd: 0.25,
      numTurns: 4,
      usage: { input_tokens: 1, cacheWeird: { camelCase: 1 } },
      transcript: { count: 3, head: 'f'.repeat(64) },
      answer: { bytes: 4, sha256: 'e'.repeat(64) },
    },
    { type: 'CommitReady', oid: 'b'.repeat(40), leftUncommitted: false },
    { type: 'BranchPushed', branch: 'agenticore-x', oid: 'b'.repeat(40) },
  ] as const;
  await carryOut(
    bus.events,
    jobId,
    { type: 'ReportProgress', attempt: 1, facts: progress },
    { answer: 'done' },
  );
  await endAttempt(bus.events, jobId, { kind: 'succeeded' });

  const job = await jobOf(await fetch(`${url}/jobs/${jobId}`));
  assertIsJob(job);
  assert.equal(job.status, 'succeeded');
  assert.equal(job.output, 'done');
  assert.equal(job.branch, 'agenticore-x');
  assert.equal(job.base_ref, 'main');
  assert.equal(job.worktree_path, '/w');
  assert.equal(job.job_config_dir, '/c');
  assert.equal(job.pod_name, 'host-1');
  assert.equal(job.cost_usd, 0.25);
  assert.deepEqual(job.usage, { input_tokens: 1, cacheWeird: { camelCase: 1 } });

  const { output, ...listed } = job;
  assert.equal(output, 'done');
  assert.deepEqual(await jsonOf(await fetch(`${url}/jobs`)), {
    success: true,
    count: 1,
    total: 1,
    jobs: [listed],
  });
});

test('a failed job names its code as everybody does', async (t) => {
  const { url, bus } = await startTestServer(t);
  const jobId = await submit(bus.events);
  await startAttempt(bus.events, jobId);
  await endAttempt(bus.events, jobId, { kind: 'failed', code: 'CLAUDE_AUTH_FAILED', error: 'no key' });
  const job = await jobOf(await fetch(`${url}/jobs/${jobId}`));
  assertIsJob(job);
  assert.equal(job.code, 'AGENTICORE_CLAUDE_AUTH_FAILED');
  assert.equal(job.error, 'no key');
});

test('lists come newest first, page by page, each job once, filtered by status', async (t) => {
  const { url, bus } = await startTestServer(t);
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.unshift(await submit(bus.events, { now: Date.now() + n }));
  const last = ids[0] ?? '';
  await carryOut(bus.events, last, { type: 'RequestCancel', by: 'me' });
  const seen: unknown[] = [];
  let cursor = '';
  do {
    const page = await jsonOf(
      await fetch(`${url}/jobs?limit=2&status=&cursor=${encodeURIComponent(cursor)}`),
    );
    const jobs = page.jobs as Json[];
    assert.equal(page.count, jobs.length);
    seen.push(...jobs.map(({ id }) => id));
    cursor = String(page.next_cursor ?? '');
  } while (cursor !== '');
  assert.deepEqual(seen, ids);
  const cancelled = await jsonOf(await fetch(`${url}/jobs?status=cancelled`));
  assert.deepEqual(
    (cancelled.jobs as Json[]).map(({ id }) => id),
    [last],
  );
});

test('cancelling ends a waiting job at once, asks a running one, and leaves an ended one alone', async (t) => {
  const { url, bus } = await startTestServer(t, { apiKeys: ['ann:k'] });
  const headers = { 'x-api-key': 'k' };
  const cancel = (id: string) => fetch(`${url}/jobs/${id}`, { method: 'DELETE', headers });

  const waiting = await submit(bus.events);
  const cancelled = await cancel(waiting);
  assert.equal(cancelled.status, 200);
  const job = await jobOf(cancelled);
  assertIsJob(job);
  assert.equal(job.status, 'cancelled');
  assert.deepEqual(await jobOf(await cancel(waiting)), job);

  const running = await submit(bus.events);
  await startAttempt(bus.events, running);
  const asked = await jobOf(await cancel(running));
  assertIsJob(asked);
  assert.equal(asked.status, 'running');
  assert.equal(asked.cancel_requested, true);
  const request = (await bus.events.read(running)).find(({ type }) => type === 'CancelRequested');
  assert.equal(request?.type === 'CancelRequested' && request.by, 'ann');
});

test('an ended job is submitted once more, with its own task or an edited one', async (t) => {
  const { url, bus } = await startTestServer(t);
  const jobId = await submit(bus.events, { order: { task: 'first', mode: 'sync' } });
  const early = await fetch(`${url}/jobs/${jobId}/retry`, { method: 'POST' });
  assert.equal(early.status, 409);
  assert.equal((await jsonOf(early)).code, 'AGENTICORE_JOB_NOT_ENDED');

  await carryOut(bus.events, jobId, { type: 'RequestCancel', by: 'me' });
  const plain = await fetch(`${url}/jobs/${jobId}/retry`, { method: 'POST' });
  assert.equal(plain.status, 202);
  const again = await jobOf(plain);
  assertIsJob(again);
  assert.equal(plain.headers.get('location'), `/jobs/${again.id}`);
  assert.equal(again.retry_of, jobId);
  assert.equal(again.task, 'first');
  assert.equal((await jobOf(await post(`${url}/jobs/${jobId}/retry`, { task: 'second' }))).task, 'second');
  assert.equal((await post(`${url}/jobs/${jobId}/retry`, { tsak: 'x' })).status, 400);
  assert.equal((await post(`${url}/jobs/${jobId}/retry`, { task: '' })).status, 400);
});

test('a full queue is 429 and a draining server 503, both saying when to come back', async (t) => {
  const full = await startTestServer(t, { maxQueued: 0 });
  const refused = await post(`${full.url}/jobs`, { task: 'x' });
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('retry-after'), '10');
  assert.equal((await jsonOf(refused)).code, 'AGENTICORE_QUEUE_FULL');

  const draining = await startTestServer(t, {
    change: (deps) => ({ ...deps, submit: { ...deps.submit, accepting: () => false } }),
  });
  const jobId = await submit(draining.bus.events);
  for (const path of ['/jobs', `/jobs/${jobId}/retry`]) {
    const response = await post(`${draining.url}${path}`, { task: 'x' });
    assert.equal(response.status, 503);
    assert.match(response.headers.get('retry-after') ?? '', /^\d+$/);
    assert.equal((await jsonOf(response)).code, 'AGENTICORE_DRAINING');
  }
});

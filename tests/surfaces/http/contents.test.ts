// What came out of a job: answer, transcript, diff, large messages; and the small public answers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trimJobs } from '../../../src/app/admin/trim-jobs.js';
import type { Bus } from '../../../src/ports/bus.js';
import { carryOut, endAttempt, sha256, startAttempt, submit } from '../../support/ledger.js';
import { ANSWER, makeWholeHistory } from '../../support/whole-history.js';
import { type Json, jsonOf, startTestServer } from './test-server.js';

const LARGE = 20 * 1024 * 1024;

async function jobWithAnswer(bus: Bus, answer: string): Promise<string> {
  const jobId = await submit(bus.events, { order: { repoUrl: 'https://example.com/a/b' } });
  await startAttempt(bus.events, jobId);
  const facts = [
    {
      type: 'WorkspaceOpened',
      path: '/w',
      configDir: '/c',
      branch: 'b',
      baseRef: 'main',
      baseOid: 'a'.repeat(40),
    },
    {
      type: 'ClaudeFinished',
      exitCode: 0,
      costUsd: 0,
      numTurns: 1,
      transcript: { count: 0, head: '0'.repeat(64) },
      answer: { bytes: Buffer.byteLength(answer), sha256: '0'.repeat(64) },
    },
    { type: 'CommitReady', oid: 'b'.repeat(40), leftUncommitted: false },
  ] as const;
  await carryOut(bus.events, jobId, { type: 'ReportProgress', attempt: 1, facts }, { answer });
  return jobId;
}

async function problemOf(address: string): Promise<string> {
  const response = await fetch(address);
  const { code } = await jsonOf(response);
  return `${response.status} ${code}`;
}

test('the answer of a job is plain text, every character of it', async (t) => {
  const { url, bus } = await startTestServer(t);
  const answer = `${'ä💥'.repeat(100_000)}\n`;
  const jobId = await jobWithAnswer(bus, answer);
  const response = await fetch(`${url}/jobs/${jobId}/output`);
  assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(await response.text(), answer);
  const head = await fetch(`${url}/jobs/${jobId}/output`, { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(answer)));

  const none = await submit(bus.events);
  assert.equal(await problemOf(`${url}/jobs/${none}/output`), '404 AGENTICORE_OUTPUT_NOT_FOUND');
});

test("the diff of a job is a text without the server's secrets; a job without a commit has none", async (t) => {
  const { url, bus } = await startTestServer(t);
  const jobId = await jobWithAnswer(bus, 'x');
  const response = await fetch(`${url}/jobs/${jobId}/diff`);
  assert.equal(response.headers.get('content-type'), 'text/x-diff; charset=utf-8');
  assert.equal(await response.text(), `diff ${'a'.repeat(40)}..${'b'.repeat(40)} [redacted]\n`);
  const none = await submit(bus.events);
  assert.equal(await problemOf(`${url}/jobs/${none}/diff`), '404 AGENTICORE_DIFF_NOT_FOUND');
});

test('a message of 20 MB is whole at its address and in the transcript, a preview in the feed', async (t) => {
  const { url, bus } = await startTestServer(t);
  const jobId = await submit(bus.events);
  await startAttempt(bus.events, jobId);
  const whole = JSON.stringify({
    attempt: 1,
    seq: 2,
    prev: '0'.repeat(64),
    message: { text: 'ü'.repeat(LARGE / 2) },
  });
  const href = `/jobs/${jobId}/messages/1/2`;
  const small = (seq: number) =>
    JSON.stringify({ attempt: 1, seq, message: { note: '"href": is no address' } });
  const preview = JSON.stringify({ attempt: 1, seq: 2, preview: '{', bytes: 1, sha256: '', href });
  await bus.transcript.append(jobId, 1, [
    { seq: 1, kind: 'message', type: 'assistant', data: small(1) },
    { seq: 2, kind: 'message', type: 'user', data: preview, whole },
    { seq: 3, kind: 'delta', type: 'delta', data: '{"attempt":1,"seq":3}' },
    { seq: 4, kind: 'message', type: 'assistant', data: small(4) },
  ]);
  const response = await fetch(`${url}${href}`);
  assert.equal(response.headers.get('content-type'), 'application/json');
  assert.ok((await response.text()) === whole);

  const transcript = await fetch(`${url}/jobs/${jobId}/output?format=jsonl`);
  assert.equal(transcript.headers.get('content-type'), 'application/x-ndjson');
  const lines = (await transcript.text()).split('\n');
  assert.equal(lines.length, 4);
  assert.equal(lines[0], small(1));
  assert.ok(lines[1] === whole);
  assert.equal(lines[2], small(4));
  assert.equal(lines[3], '');

  for (const place of [
    '1/1',
    '1/9',
    '2/2',
    '0/2',
    '1/-2',
    '1/2.0',
    '1/x',
    '1/1e0',
    '..%2f1/2',
    '1/99999999999',
  ]) {
    assert.equal(
      await problemOf(`${url}/jobs/${jobId}/messages/${place}`),
      '404 AGENTICORE_MESSAGE_NOT_FOUND',
      place,
    );
  }
});

test('a transcript of many pages is complete', async (t) => {
  const { url, bus } = await startTestServer(t);
  const jobId = await submit(bus.events);
  assert.equal(await (await fetch(`${url}/jobs/${jobId}/output?format=jsonl`)).text(), '');
  await startAttempt(bus.events, jobId);
  const data = Array.from({ length: 500 }, (_, n) =>
    JSON.stringify({ attempt: 1, seq: n + 1, prev: '0'.repeat(64), message: { text: 'x'.repeat(999) } }),
  );
  const entries = data.map(
    (line, n) => ({ seq: n + 1, kind: 'message', type: 'assistant', data: line }) as const,
  );
  await bus.transcript.append(jobId, 1, entries);
  await endAttempt(bus.events, jobId, { kind: 'succeeded' });
  const text = await (await fetch(`${url}/jobs/${jobId}/output?format=jsonl`)).text();
  assert.deepEqual(text.trimEnd().split('\n'), data);
});

test('profiles are listed with what they do, broken ones with their fault', async (t) => {
  const { url } = await startTestServer(t);
  const { success, count, profiles } = await jsonOf(await fetch(`${url}/profiles`));
  assert.equal(success, true);
  assert.equal(count, 3);
  assert.deepEqual((profiles as unknown[])[0], {
    name: 'code',
    description: 'code things',
    model: 'sonnet',
    max_turns: 80,
    auto_pr: true,
    permission_mode: 'bypassPermissions',
    effort: 'high',
    source: '/profiles/code',
  });
  assert.equal((profiles as Json[])[1]?.extends, 'code');
  assert.deepEqual((profiles as unknown[])[2], {
    name: 'bad',
    description: '',
    source: '/profiles/bad',
    error: 'profile.yml: claude must be a map',
  });
});

test('health asks nothing of anybody; readiness gives its reasons, also when the check itself fails', async (t) => {
  const state = { ready: true, broken: false };
  const { url } = await startTestServer(t, {
    change: (deps) => ({
      ...deps,
      health: () => ({ agent_mode: true }),
      readiness: async () => {
        if (state.broken) throw new Error('secret detail');
        return { ready: state.ready, reasons: state.ready ? [] : ['The bus does not answer.'] };
      },
    }),
  });
  const health = await fetch(`${url}/health`);
  assert.equal(health.status, 200);
  const expected = { status: 'ok', service: 'agenticore', version: '0.0.0-test', agent_mode: true };
  assert.deepEqual(await jsonOf(health), expected);
  assert.equal((await fetch(`${url}/ready`)).status, 200);
  state.ready = false;
  const unready = await fetch(`${url}/ready`);
  assert.equal(unready.status, 503);
  assert.ok(unready.headers.get('retry-after'));
  assert.deepEqual(await jsonOf(unready), {
    success: false,
    ready: false,
    reasons: ['The bus does not answer.'],
  });
  state.broken = true;
  const broken = await fetch(`${url}/ready`);
  assert.equal(broken.status, 503);
  assert.doesNotMatch(await broken.text(), /secret/);
});

test('a bug is told as INTERNAL with nothing of it, and logged whole under the same id', async (t) => {
  const { url, facts } = await startTestServer(t, {
    wrapBus: (bus) => ({
      ...bus,
      events: { ...bus.events, list: () => Promise.reject(new TypeError('secret inside')) },
    }),
  });
  const response = await fetch(`${url}/jobs`, { headers: { 'x-request-id': 'my-id-1' } });
  assert.equal(response.status, 500);
  assert.equal(response.headers.get('x-request-id'), 'my-id-1');
  const text = await response.text();
  assert.doesNotMatch(text, /secret|TypeError|\.js/);
  assert.equal(JSON.parse(text).code, 'AGENTICORE_INTERNAL');
  assert.equal(JSON.parse(text).request_id, 'my-id-1');
  const bug = facts.find(({ fact }) => fact === 'http.bug');
  assert.equal(bug?.level, 'error');
  assert.equal(bug?.fields.request_id, 'my-id-1');
  assert.match(String(bug?.fields.stack), /secret inside[\s\S]*contents\.test/);
});

test('every answer has an X-Request-Id; a sane one of the caller is kept, another replaced', async (t) => {
  const { url } = await startTestServer(t);
  for (const path of ['/health', '/ready', '/jobs', '/nothing', '/jobs/x']) {
    const response = await fetch(`${url}${path}`, { headers: { 'x-request-id': 'abc-123' } });
    assert.equal(response.headers.get('x-request-id'), 'abc-123', path);
    assert.equal(response.headers.get('x-powered-by'), null);
  }
  for (const strange of ['', 'a b', 'x'.repeat(129), '<script>', 'a, b']) {
    const response = await fetch(`${url}/health`, { headers: { 'x-request-id': strange } });
    assert.match(response.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/, strange);
  }
});

test('HEAD answers as GET does, without a body', async (t) => {
  const { url, bus } = await startTestServer(t);
  const jobId = await jobWithAnswer(bus, 'x');
  for (const path of [
    '/health',
    '/ready',
    '/jobs',
    `/jobs/${jobId}`,
    '/profiles',
    `/jobs/${jobId}/diff`,
    `/jobs/${jobId}/output?format=jsonl`,
  ]) {
    const response = await fetch(`${url}${path}`, { method: 'HEAD' });
    assert.equal(response.status, 200, path);
    assert.equal(await response.text(), '');
  }
});

test('a transcript that was trimmed is not told as an empty one; answer and events are there', async (t) => {
  const { url, bus } = await startTestServer(t);
  const trimmed = await makeWholeHistory(bus);
  const silent = await submit(bus.events);
  await carryOut(bus.events, silent, { type: 'RequestCancel', by: 'me' });
  const transcript = (jobId: string): Promise<Response> => fetch(`${url}/jobs/${jobId}/output?format=jsonl`);
  assert.notEqual(await (await transcript(trimmed)).text(), '');
  for (const jobId of [trimmed, silent]) await trimJobs(bus, sha256, { jobId });
  const response = await transcript(trimmed);
  const { code, error } = await jsonOf(response);
  assert.deepEqual([response.status, code], [404, 'AGENTICORE_MESSAGE_NOT_FOUND']);
  assert.match(String(error), /no longer kept: it was trimmed/);
  assert.equal(await (await fetch(`${url}/jobs/${trimmed}/output`)).text(), ANSWER);
  const nothingSaid = await transcript(silent);
  assert.deepEqual([nothingSaid.status, await nothingSaid.text()], [200, '']);
});

// run_task and get_job while a job lives: waiting, progress, calling off, and a server that leaves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { CallToolResult, Progress } from '@modelcontextprotocol/sdk/types.js';
import type { Bus } from '../../../src/ports/bus.js';
import { eventually } from '../../support/eventually.js';
import { startAttempt, submit } from '../../support/ledger.js';
import { endWithAnswer } from '../http/lively-job.js';
import { type Json, startTestServer } from '../http/test-server.js';
import { answerOf, connectClient } from './mcp-client.js';

const jobThere = (bus: Bus): Promise<string> =>
  eventually('the job is there', async () => (await bus.events.list({ limit: 1 })).jobs[0]?.id);

const statusOf = async (bus: Bus, jobId: string) => (await bus.events.load(jobId))?.job.status;

/** Calls a tool and listens to its progress. */
function callWithProgress(client: Client, name: string, args: Json, signal?: AbortSignal) {
  const heard: Progress[] = [];
  const answer = client.callTool({ name, arguments: args }, undefined, {
    onprogress: (progress) => void heard.push(progress),
    ...(signal === undefined ? {} : { signal }),
  });
  return { heard, answer: answer as Promise<CallToolResult> };
}

test('run_task waits for the end, tells of every turn and tool call, and gives answer and link', async (t) => {
  const { url, bus, watchers } = await startTestServer(t);
  const client = await connectClient(t, url);
  const { heard, answer } = callWithProgress(client, 'run_task', { task: 'x' });
  const jobId = await jobThere(bus);
  await startAttempt(bus.events, jobId);
  const content = [
    { type: 'text', text: 'I will\nlook.' },
    { type: 'tool_use', id: 't', name: 'Bash', input: { command: 'ls -l' } },
    { type: 'tool_use', id: 'u', name: 'Odd', input: { n: 1 } },
  ];
  const data = JSON.stringify({ attempt: 1, seq: 1, message: { type: 'assistant', message: { content } } });
  await bus.transcript.append(jobId, 1, [{ seq: 1, kind: 'message', type: 'assistant', data }]);
  await eventually('it is told', () => heard.some(({ message }) => message === 'Odd'));
  await endWithAnswer(bus, jobId, 'Done.');
  const result = await answer;
  assert.deepEqual(
    heard.slice(0, 5).map(({ message }) => message),
    ['Submitted', 'Started', 'I will look.', 'Bash: ls -l', 'Odd'],
  );
  assert.ok(heard.every(({ progress, total }, at) => progress === at + 1 && total === undefined));
  const job = answerOf(result).job as Json;
  assert.deepEqual([job.status, job.output, job.mode], ['succeeded', 'Done.', 'sync']);
  const link = result.content.find(({ type }) => type === 'resource_link');
  assert.equal(link?.type === 'resource_link' && link.uri, `agenticore://jobs/${jobId}`);
  assert.equal(watchers(), 0);
});

test('a job that takes longer than wait_seconds goes on, and get_job waits for its end', async (t) => {
  const { url, bus } = await startTestServer(t);
  const client = await connectClient(t, url);
  const answer = answerOf(
    (await client.callTool({
      name: 'run_task',
      arguments: { task: 'x', wait_seconds: 1 },
    })) as CallToolResult,
  );
  const job = answer.job as Json;
  assert.equal(job.status, 'queued');
  assert.match(String(answer.next), new RegExp(`get_job with job_id ${job.id}`));
  const later = client.callTool({ name: 'get_job', arguments: { job_id: job.id, wait_seconds: 50 } });
  await startAttempt(bus.events, String(job.id));
  await endWithAnswer(bus, String(job.id), 'Late.');
  const ended = answerOf((await later) as CallToolResult);
  assert.equal((ended.job as Json).output, 'Late.');
  assert.equal(ended.next, undefined);
});

test('calling off run_task cancels the job that it started; calling off get_job does not', async (t) => {
  const { url, bus, watchers } = await startTestServer(t);
  const client = await connectClient(t, url);
  const looked = await submit(bus.events);
  for (const [name, args] of [
    ['get_job', { job_id: looked, wait_seconds: 50 }],
    ['run_task', { task: 'mine' }],
  ] as const) {
    const enough = new AbortController();
    const { heard, answer } = callWithProgress(client, name, args, enough.signal);
    await eventually('it waits', () => heard.length > 0);
    enough.abort();
    await assert.rejects(answer);
    await eventually('nobody waits', () => watchers() === 0);
  }
  const [mine] = (await bus.events.list({ limit: 1 })).jobs;
  assert.equal(mine?.order.task, 'mine');
  await eventually('it is cancelled', async () => (await statusOf(bus, mine.id)) === 'cancelled');
  assert.equal(await statusOf(bus, looked), 'queued');
});

test('a client that goes away leaves its job running', async (t) => {
  const { url, bus, watchers } = await startTestServer(t);
  for (const over of ['http', 'sse'] as const) {
    const client = await connectClient(t, url, { over });
    const { heard, answer } = callWithProgress(client, 'run_task', { task: over });
    await eventually('it waits', () => heard.length > 0);
    await client.close();
    await assert.rejects(answer);
  }
  await eventually('nobody waits', () => watchers() === 0);
  const { jobs } = await bus.events.list({ limit: 9 });
  assert.deepEqual(
    jobs.map(({ status }) => status),
    ['queued', 'queued'],
  );
});

test('a server that closes answers those who wait with the job as it stands', async (t) => {
  const server = await startTestServer(t);
  for (const over of ['http', 'sse'] as const) {
    const client = await connectClient(t, server.url, { over });
    const { heard, answer } = callWithProgress(client, 'run_task', { task: over });
    await eventually('it waits', () => heard.length > 0);
    t.after(async () => {
      assert.equal((answerOf(await answer).job as Json).status, 'queued');
    });
  }
  await server.close();
});

test('what cannot be done is a result that says what to do', async (t) => {
  const { url, bus } = await startTestServer(t);
  const client = await connectClient(t, url);
  const refused: [string, Json, string, RegExp][] = [
    ['run_task', {}, 'INVALID_REQUEST', /task is required/],
    ['run_task', { task: 'x', wait: false, tsk: 1 }, 'INVALID_REQUEST', /did you mean task/],
    [
      'run_task',
      { task: 'x', callback_url: 'https://127.0.0.1/hook' },
      'CALLBACK_URL_REFUSED',
      /127\.0\.0\.1/,
    ],
    ['run_task', { task: 'x', profile: 'none' }, 'UNKNOWN_PROFILE', /known: code, review/],
    ['run_task', { task: 'x', wait_seconds: 51 }, 'INVALID_REQUEST', /wait_seconds must be/],
    ['get_job', { job_id: 'x' }, 'JOB_NOT_FOUND', /no job/],
    ['list_jobs', { cursor: 'x' }, 'INVALID_REQUEST', /cursor/],
    ['list_jobs', { limit: 0 }, 'INVALID_REQUEST', /limit must be/],
  ];
  for (const [name, args, code, says] of refused) {
    const result = (await client.callTool({ name, arguments: args })) as CallToolResult;
    assert.equal(result.isError, true, name);
    assert.equal(answerOf(result).code, `AGENTICORE_${code}`);
    assert.match(JSON.stringify(answerOf(result)), says);
  }
  assert.equal((await bus.events.list({ limit: 1 })).jobs.length, 0);
  await assert.rejects(client.callTool({ name: 'no_such_tool', arguments: {} }), /no tool no_such_tool/);
});

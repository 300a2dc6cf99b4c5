// The feed of a job over SSE: replay, resume, filters, previews and the end, on real sockets.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { INLINE_LIMIT_BYTES } from '../../../src/domain/evidence.js';
import { TEXT_ONLY } from '../../../src/domain/visibility.js';
import { compileSchema } from '../../../src/runtime/schema.js';
import { carryOut, endAttempt, startAttempt, startTurn, submit } from '../../support/ledger.js';
import { ALL, endedJob, say } from './lively-job.js';
import { readAllEvents, readEvents } from './sse-reader.js';
import { jsonOf, startTestServer } from './test-server.js';

const checkEvent = compileSchema('event');

test('an ended job is replayed whole, each frame as the contract says, then ends', async (t) => {
  const { url, bus, watchers } = await startTestServer(t);
  const jobId = await endedJob(bus);
  const reader = await readAllEvents(`${url}/jobs/${jobId}/events`);
  assert.match(reader.head(), /^HTTP\/1\.1 200 /);
  assert.match(reader.head(), /^content-type: text\/event-stream$/im);
  assert.match(reader.head(), /^cache-control: no-cache, no-transform$/im);
  assert.match(reader.head(), /^x-accel-buffering: no$/im);
  assert.match(reader.head(), /^x-request-id: \S+$/im);
  assert.deepEqual(
    reader.frames.map(({ event }) => event),
    ALL,
  );
  for (const { data } of reader.frames) assert.deepEqual(checkEvent(JSON.parse(data)), [], data);

  const [submitted] = reader.frames;
  const { at, order, job_id, version } = JSON.parse(submitted?.data ?? '');
  assert.equal(job_id, jobId);
  assert.equal(version, 1);
  assert.match(at, /^\d{4}-.*Z$/);
  assert.deepEqual(order.metadata, { camelCase: 'kept' });
  assert.equal(order.repo_url, 'https://example.com/a');
  assert.equal(order.queue_ttl_seconds, 86_400);
  const finished = JSON.parse(reader.frames[7]?.data ?? '');
  assert.deepEqual(finished.usage, { serverToolUse: { webSearch: 1 } });
  assert.equal(finished.cost_usd, 1);

  const stored = (await bus.feed.read({ kind: 'job', jobId }, undefined, 100)).entries;
  assert.deepEqual(
    reader.frames.slice(0, -1).map(({ id }) => id),
    stored.map(({ cursor }) => cursor),
  );
  assert.equal(reader.frames[2]?.data, stored[2]?.data, 'messages go out as stored');
  const end = reader.frames.at(-1);
  assert.equal(end?.id, `${stored.at(-1)?.cursor}.end`);
  assert.deepEqual(JSON.parse(end?.data ?? ''), { job_id: jobId, status: 'succeeded' });
  assert.equal(watchers(), 0);
});

test('a turn that ran where it came in, and one that never began, are told as the contract says', async (t) => {
  const { url, bus } = await startTestServer(t);
  const turn = { agent: 'a', packageVersion: '1', caller: 'key', conversation: 'c', visibility: TEXT_ONLY };
  const direct = await startTurn(bus.events, { order: { turn: { ...turn, uuid: 'u' } } });
  await endAttempt(bus.events, direct, { kind: 'handed-back' });
  const unstarted = await submit(bus.events, { kind: 'turn', order: { turn } });
  await carryOut(bus.events, unstarted, { type: 'ParkJob', until: Date.now() + 1000, jitter: 0 });
  const told = async (jobId: string) => {
    const { frames } = await readAllEvents(`${url}/jobs/${jobId}/events`);
    const events = frames.slice(0, -1).map(({ data }) => JSON.parse(data));
    for (const event of events) assert.deepEqual(checkEvent(event), [], JSON.stringify(event));
    return events;
  };
  const [submitted, started, left] = await told(direct);
  const { packageVersion, ...rest } = turn;
  assert.deepEqual(submitted.order.turn, { ...rest, package_version: packageVersion, uuid: 'u' });
  assert.deepEqual([started.direct, left.code], [true, 'AGENTICORE_DRAINING']);
  const [, failed] = await told(unstarted);
  assert.deepEqual([failed.attempt, failed.code], [0, 'AGENTICORE_CLAUDE_USAGE_LIMIT']);
});

test('events that go wrong carry public codes and times a person can read', async (t) => {
  const { url, bus } = await startTestServer(t);
  const jobId = await submit(bus.events);
  await startAttempt(bus.events, jobId);
  await endAttempt(bus.events, jobId, { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'x' });
  await startAttempt(bus.events, jobId);
  await startAttempt(bus.events, jobId);
  await endAttempt(bus.events, jobId, {
    kind: 'failed',
    code: 'CLAUDE_USAGE_LIMIT',
    error: 'x',
    resetsAt: Date.now() + 9e6,
  });
  await startAttempt(bus.events, jobId);
  await endAttempt(bus.events, jobId, { kind: 'handed-back' });
  await carryOut(bus.events, jobId, { type: 'RequestCancel', by: 'me' });
  const { frames } = await readAllEvents(`${url}/jobs/${jobId}/events`);
  for (const { data } of frames) assert.deepEqual(checkEvent(JSON.parse(data)), [], data);
  const of = (type: string) => JSON.parse(frames.find(({ event }) => event === type)?.data ?? '{}');
  assert.equal(of('AttemptFailed').code, 'AGENTICORE_CLAUDE_CRASHED');
  assert.match(of('AttemptFailed').retry_at, /^\d{4}-.*Z$/);
  assert.match(of('AttemptParked').until, /^\d{4}-.*Z$/);
  assert.ok(of('AttemptLost').worker);
  assert.equal(of('JobCancelled').type, 'JobCancelled');
});

test('a job that delivers what an earlier one left, and what its pull request lacks, read as promised', async (t) => {
  const { url, bus } = await startTestServer(t);
  const delivers = { jobId: randomUUID(), branch: 'agenticore-x', commit: 'c0ffee' };
  const jobId = await submit(bus.events, { order: { delivers } });
  await startAttempt(bus.events, jobId);
  const opened = { type: 'PullRequestOpened', url: 'https://git.example/pr/1', existed: false } as const;
  const facts = [{ ...opened, shortfalls: ['It is no draft.'] }];
  await carryOut(bus.events, jobId, { type: 'ReportProgress', attempt: 1, facts });
  await endAttempt(bus.events, jobId, { kind: 'succeeded' });
  const { frames } = await readAllEvents(`${url}/jobs/${jobId}/events`);
  const events = frames.slice(0, -1).map(({ data }) => JSON.parse(data));
  for (const event of events) assert.deepEqual(checkEvent(event), [], JSON.stringify(event));
  const { jobId: job_id, ...work } = delivers;
  assert.deepEqual(events[0].order.delivers, { job_id, ...work });
});

test('frames can be limited to domain events or to the transcript, and the end always comes', async (t) => {
  const { url, bus } = await startTestServer(t);
  const jobId = await endedJob(bus);
  const events = async (filter: string) => {
    const { frames } = await readAllEvents(`${url}/jobs/${jobId}/events?events=${filter}`);
    return frames.map(({ event }) => event);
  };
  const isTranscript = (event: string): boolean => event === 'assistant' || event === 'delta';
  assert.deepEqual(await events('all'), ALL);
  assert.deepEqual(await events('transcript'), [...ALL.filter(isTranscript), 'end']);
  assert.deepEqual(
    await events('domain'),
    ALL.filter((event) => !isTranscript(event)),
  );
});

test('resuming from any frame gives the rest; from the terminal one the end; from the end nothing', async (t) => {
  const { url, bus, watchers } = await startTestServer(t);
  const jobId = await endedJob(bus);
  const address = `${url}/jobs/${jobId}/events`;
  const { frames } = await readAllEvents(address);
  for (const [index, { id = '', event }] of frames.entries()) {
    if (event === 'end') continue;
    const byHeader = await readAllEvents(address, { 'Last-Event-ID': id });
    assert.deepEqual(byHeader.frames, frames.slice(index + 1), `after ${event}`);
    const byAddress = await readAllEvents(`${address}?last_event_id=${id}`);
    assert.deepEqual(byAddress.frames, frames.slice(index + 1), `after ${event}`);
  }
  const first = frames[0]?.id ?? '';
  const both = await readAllEvents(`${address}?last_event_id=${first}`, {
    'Last-Event-ID': frames.at(-2)?.id ?? '',
  });
  assert.deepEqual(
    both.frames.map(({ event }) => event),
    ['end'],
    'the header is newer than the address',
  );

  const done = await fetch(address, { headers: { 'last-event-id': frames.at(-1)?.id ?? '' } });
  assert.equal(done.status, 204);
  assert.equal(await done.text(), '');
  assert.equal(watchers(), 0);
});

test('HEAD gives the headers of a stream and follows nothing', async (t) => {
  const { url, bus, watchers } = await startTestServer(t);
  const jobId = await submit(bus.events);
  for (const path of [`/jobs/${jobId}/events`, '/events']) {
    const response = await fetch(`${url}${path}`, { method: 'HEAD' });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
  }
  assert.equal(watchers(), 0);
});

test('an event larger than a frame is a preview with size, hash and address', async (t) => {
  const { url, bus } = await startTestServer(t);
  const task = `${'💥'.repeat(20_000)}${'x'.repeat(50_000)}`;
  const jobId = await submit(bus.events, { order: { task } });
  await carryOut(bus.events, jobId, { type: 'RequestCancel', by: 'me' });
  const fleet = readEvents(`${url}/events`);
  await fleet.until('the cancel', (frames) => frames.at(-1)?.event === 'JobCancelled');
  fleet.socket.destroy();
  for (const { frames } of [await readAllEvents(`${url}/jobs/${jobId}/events`), fleet]) {
    const [{ event, data } = { event: '', data: '{}' }] = frames;
    assert.equal(event, 'JobSubmitted');
    assert.ok(Buffer.byteLength(data) <= INLINE_LIMIT_BYTES);
    const preview = JSON.parse(data);
    assert.deepEqual(checkEvent(preview), []);
    assert.ok(preview.bytes > INLINE_LIMIT_BYTES);
    assert.match(preview.sha256, /^[0-9a-f]{64}$/);
    assert.equal(preview.href, `/jobs/${jobId}`);
    assert.ok(preview.preview.includes(jobId));
    const whole = await jsonOf(await fetch(`${url}${preview.href}`));
    assert.equal((whole.job as { task: string }).task, task);
  }
});

test('what Claude calls its messages cannot break a frame or pass for one of ours', async (t) => {
  const { url, bus } = await startTestServer(t);
  const jobId = await submit(bus.events);
  await startAttempt(bus.events, jobId);
  const types = ['end', 'gap', 'x\nid: 1-1', '', 'a'.repeat(200), 'control_request'];
  for (const [index, type] of types.entries()) await say(bus, jobId, index + 1, 'x', type);
  const spaced = `{\r"attempt":1,"seq":7,"prev":"${'0'.repeat(64)}","message":{}}`;
  await bus.transcript.append(jobId, 1, [{ seq: 7, kind: 'message', type: 'user', data: spaced }]);
  await endAttempt(bus.events, jobId, { kind: 'succeeded' });
  const { frames } = await readAllEvents(`${url}/jobs/${jobId}/events`);
  assert.deepEqual(frames.map(({ event }) => event).slice(2), [
    'unknown',
    'unknown',
    'unknown',
    'unknown',
    'unknown',
    'control_request',
    'user',
    'JobSucceeded',
    'end',
  ]);
  for (const { data } of frames) JSON.parse(data);
});

test('a place older than what is kept starts with a gap, and a feed that is all gone still ends', async (t) => {
  const { url, bus } = await startTestServer(t, {
    wrapBus: (plain) => ({
      ...plain,
      feed: {
        ...plain.feed,
        // As a bus answers whose oldest entries were trimmed: only the last two events are kept.
        async read(name, after, limit) {
          const { entries } = await plain.feed.read(name, undefined, 10_000);
          const kept = entries.slice(-2);
          const at = entries.findIndex(({ cursor }) => cursor === after);
          const rest = kept.filter((entry) => entries.indexOf(entry) > at);
          return { entries: rest.slice(0, limit), gap: after !== undefined && at < entries.length - 3 };
        },
      },
    }),
  });
  const jobId = await endedJob(bus);
  const first = (await readAllEvents(`${url}/jobs/${jobId}/events`)).frames;
  assert.deepEqual(
    first.map(({ event }) => event),
    ['PullRequestOpened', 'JobSucceeded', 'end'],
  );
  const old = await readAllEvents(`${url}/jobs/${jobId}/events`, { 'Last-Event-ID': '1-1' });
  assert.deepEqual(
    old.frames.map(({ event }) => event),
    ['gap', 'PullRequestOpened', 'JobSucceeded', 'end'],
  );
  assert.equal(old.frames[0]?.id, undefined);
  const gap = JSON.parse(old.frames[0]?.data ?? '');
  assert.deepEqual(gap, { after: '1-1', next: old.frames[1]?.id });
  assert.deepEqual(checkEvent(gap), []);
});

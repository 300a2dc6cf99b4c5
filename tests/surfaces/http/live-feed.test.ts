// Following a feed while it grows: live frames, cuts, many readers, leaving, the fleet stream, a bus that goes away.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgenticoreError } from '../../../src/domain/errors.js';
import { compileSchema } from '../../../src/runtime/schema.js';
import { eventually } from '../../support/eventually.js';
import { carryOut, endAttempt, startAttempt, submit } from '../../support/ledger.js';
import { ALL, endedJob, say } from './lively-job.js';
import { readEvents } from './sse-reader.js';
import { jsonOf, startTestServer } from './test-server.js';

const checkEvent = compileSchema('event');

test('what happens is there at once, and an idle stream is kept awake', async (t) => {
  const { url, bus } = await startTestServer(t, { limits: { keepAliveMs: 20 } });
  const jobId = await submit(bus.events);
  const reader = readEvents(`${url}/jobs/${jobId}/events`);
  await reader.until('the submission', (frames) => frames.length === 1);
  await eventually('comments', () => reader.comments.length >= 3);
  assert.ok(reader.comments.every((comment) => comment.trim() === 'keep-alive'));
  await startAttempt(bus.events, jobId);
  await reader.until('the attempt', (frames) => frames.at(-1)?.event === 'AttemptStarted');
  await say(bus, jobId, 1);
  await reader.until('the message', (frames) => frames.at(-1)?.event === 'assistant');
  await endAttempt(bus.events, jobId, { kind: 'succeeded' });
  await eventually('the end', () => reader.closed());
  assert.deepEqual(
    reader.frames.map(({ event }) => event),
    ['JobSubmitted', 'AttemptStarted', 'assistant', 'JobSucceeded', 'end'],
  );
});

test('a stream cut anywhere and resumed gives every frame once, in order, while more is appended', async (t) => {
  const { url, bus, watchers } = await startTestServer(t);
  const jobId = await submit(bus.events);
  await startAttempt(bus.events, jobId);
  const MESSAGES = 400;
  const appending = (async () => {
    for (let seq = 1; seq <= MESSAGES; seq += 1) {
      await say(bus, jobId, seq, `${seq} ${'ä'.repeat((seq * 37) % 3000)}`);
      if (seq % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await endAttempt(bus.events, jobId, { kind: 'succeeded' });
  })();
  const seen: { id: string | undefined; data: string }[] = [];
  let cuts = 0;
  for (let last = ''; !last.endsWith('.end'); ) {
    const reader = readEvents(`${url}/jobs/${jobId}/events`, last === '' ? {} : { 'Last-Event-ID': last });
    // Cut after some bytes, in the middle of whatever is under way.
    let budget = 20_000 + ((cuts * 7919) % 60_000);
    reader.socket.on('data', (piece: string) => {
      budget -= piece.length;
      if (budget < 0) reader.socket.destroy();
    });
    await eventually('the cut or the end', () => reader.closed());
    cuts += 1;
    for (const { id, data } of reader.frames) seen.push({ id, data });
    last = seen.at(-1)?.id ?? '';
  }
  await appending;
  assert.ok(cuts > 5, `${cuts} cuts`);
  const stored = (await bus.feed.read({ kind: 'job', jobId }, undefined, 1000)).entries;
  assert.deepEqual(
    seen.map(({ id }) => id),
    [...stored.map(({ cursor }) => cursor), `${stored.at(-1)?.cursor}.end`],
  );
  for (const [index, { kind, data }] of stored.entries())
    if (kind === 'message') assert.equal(seen[index]?.data, data);
  await eventually('nobody follows', () => watchers() === 0);
});

test('many readers of one job see the same frames', async (t) => {
  const { url, bus, watchers } = await startTestServer(t);
  const jobId = await submit(bus.events);
  const readers = Array.from({ length: 30 }, () => readEvents(`${url}/jobs/${jobId}/events`));
  await eventually('all follow', () => watchers() === 30);
  await startAttempt(bus.events, jobId);
  for (let seq = 1; seq <= 50; seq += 1) await say(bus, jobId, seq);
  await endAttempt(bus.events, jobId, { kind: 'succeeded' });
  for (const reader of readers) await eventually('the end', () => reader.closed());
  const [first] = readers;
  assert.equal(first?.frames.length, 54);
  for (const reader of readers) assert.deepEqual(reader.frames, first?.frames);
  assert.equal(watchers(), 0);
});

test('readers that leave are followed no more, also before the first frame', async (t) => {
  const { url, bus, watchers } = await startTestServer(t);
  const jobId = await submit(bus.events);
  const readers = Array.from({ length: 20 }, () => readEvents(`${url}/jobs/${jobId}/events`));
  for (const reader of readers.slice(0, 10)) reader.socket.destroy();
  await eventually('the rest follows', () => watchers() === 10);
  for (const [index, reader] of readers.slice(10).entries()) {
    if (index % 2 === 0) reader.socket.destroy();
    else reader.socket.resetAndDestroy();
  }
  await eventually('nobody follows', () => watchers() === 0);
});

test('the fleet stream has every event of all jobs with its job, and goes on until the reader leaves', async (t) => {
  const { url, bus, watchers } = await startTestServer(t);
  const first = await endedJob(bus);
  const reader = readEvents(`${url}/events`);
  await reader.until('the replay', (frames) => frames.at(-1)?.event === 'JobSucceeded');
  const second = await submit(bus.events);
  await reader.until('the live event', (frames) => frames.at(-1)?.event === 'JobSubmitted');
  for (const { data } of reader.frames) assert.deepEqual(checkEvent(JSON.parse(data)), [], data);
  const jobs = reader.frames.map(({ data }) => JSON.parse(data).job_id);
  assert.deepEqual(new Set(jobs), new Set([first, second]));
  assert.equal(reader.frames.length, ALL.length - 3, 'no messages, no end');
  assert.equal(reader.closed(), false);

  const resumed = readEvents(`${url}/events`, { 'Last-Event-ID': reader.frames.at(-2)?.id ?? '' });
  await resumed.until('the rest', (frames) => frames.length === 1);
  assert.deepEqual(resumed.frames, reader.frames.slice(-1));
  reader.socket.destroy();
  resumed.socket.destroy();
  await eventually('nobody follows', () => watchers() === 0);
});

test('a bus that is away before the stream is 503; one that goes away in it ends the stream without end', async (t) => {
  let away = false;
  const down = (): void => {
    if (away) throw new AgenticoreError('BUS_UNREACHABLE');
  };
  const { url, bus, watchers, facts } = await startTestServer(t, {
    wrapBus: (plain) => ({
      ...plain,
      feed: {
        watch: plain.feed.watch,
        async read(...query) {
          down();
          return plain.feed.read(...query);
        },
      },
    }),
  });
  const jobId = await submit(bus.events);
  const reader = readEvents(`${url}/jobs/${jobId}/events`);
  await reader.until('the submission', (frames) => frames.length === 1);
  away = true;
  await startAttempt(bus.events, jobId);
  await eventually('the stream is over', () => reader.closed());
  assert.deepEqual(
    reader.frames.map(({ event }) => event),
    ['JobSubmitted'],
  );
  const response = await fetch(`${url}/jobs/${jobId}/events`);
  assert.equal(response.status, 503);
  assert.match(response.headers.get('retry-after') ?? '', /^\d+$/);
  assert.equal((await jsonOf(response)).code, 'AGENTICORE_BUS_UNREACHABLE');
  assert.ok(facts.some(({ fact }) => fact === 'feed.interrupted'));
  assert.equal(watchers(), 0);
});

test('a feed whose end was trimmed away while it was followed ends all the same', async (t) => {
  let trimmed = false;
  const { url, bus, watchers } = await startTestServer(t, {
    wrapBus: (plain) => ({
      ...plain,
      feed: {
        watch: plain.feed.watch,
        read: (...query) =>
          trimmed ? Promise.resolve({ entries: [], gap: true }) : plain.feed.read(...query),
      },
    }),
  });
  const [jobId, running] = [await submit(bus.events), await submit(bus.events)];
  const reader = readEvents(`${url}/jobs/${jobId}/events`);
  const other = readEvents(`${url}/jobs/${running}/events`);
  await eventually('both follow', () => reader.frames.length + other.frames.length === 2);
  trimmed = true;
  await carryOut(bus.events, jobId, { type: 'RequestCancel', by: 'me' });
  await eventually('the end', () => reader.closed());
  assert.deepEqual(
    reader.frames.map(({ event }) => event),
    ['JobSubmitted', 'gap', 'end'],
  );
  const place = reader.frames[0]?.id;
  assert.deepEqual(JSON.parse(reader.frames[1]?.data ?? ''), { after: place, next: null });
  assert.equal(reader.frames[2]?.id, `${place}.end`);

  // A job that runs on has no end yet, however often it is said that something is gone.
  await startAttempt(bus.events, running);
  await other.until('the gap', (frames) => frames.at(-1)?.event === 'gap');
  trimmed = false;
  await endAttempt(bus.events, running, { kind: 'succeeded' });
  await eventually('the end', () => other.closed());
  assert.deepEqual(
    other.frames.map(({ event }) => event),
    ['JobSubmitted', 'gap', 'AttemptStarted', 'JobSucceeded', 'end'],
  );
  assert.equal(watchers(), 0);
});

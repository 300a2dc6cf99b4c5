// Clients that do not read, do not finish, do not speak HTTP; and a server that closes in bounded time all the same.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { isCode } from '../../../src/domain/errors.js';
import type { Bus } from '../../../src/ports/bus.js';
import { eventually } from '../../support/eventually.js';
import { endAttempt, startAttempt, submit } from '../../support/ledger.js';
import { readAllEvents, readEvents } from './sse-reader.js';
import { jobOf, jsonOf, post, startTestServer } from './test-server.js';

interface Client {
  readonly socket: Socket;
  text(): string;
}

function connectTo(port: number): Client {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (piece: string) => {
    text += piece;
  });
  socket.on('error', () => {});
  return { socket, text: () => text };
}

/** Appends messages of 60 KB each; their texts say their number. */
async function appendLarge(bus: Bus, jobId: string, from: number, to: number): Promise<void> {
  for (let seq = from; seq <= to; seq += 1) {
    const data = JSON.stringify({ attempt: 1, seq, text: 'x'.repeat(60_000) });
    await bus.transcript.append(jobId, 1, [{ seq, kind: 'message', type: 'assistant', data }]);
  }
}

test('a reader that never reads holds one page at most, is closed, and can resume without a gap', async (t) => {
  let handedOut = 0;
  const { port, url, bus, watchers } = await startTestServer(t, {
    limits: { stallMs: 500 },
    wrapBus: (plain) => ({
      ...plain,
      feed: {
        watch: plain.feed.watch,
        async read(...query) {
          const page = await plain.feed.read(...query);
          handedOut += page.entries.length;
          return page;
        },
      },
    }),
  });
  const jobId = await submit(bus.events);
  await startAttempt(bus.events, jobId);
  const sleeper = connect(port, '127.0.0.1');
  sleeper.on('error', () => {});
  sleeper.pause();
  sleeper.write(`GET /jobs/${jobId}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await eventually('it follows', () => watchers() === 1);
  const MESSAGES = 600; // 36 MB
  await appendLarge(bus, jobId, 1, MESSAGES);
  await eventually('it was closed', () => watchers() === 0);
  // What the kernels of both sides took, and one page: not all 36 MB.
  assert.ok(handedOut < MESSAGES / 2, `${handedOut} entries were read for it`);

  await endAttempt(bus.events, jobId, { kind: 'succeeded' });
  // What had reached the client's kernel is still there to be read; then it goes on where that ends.
  let text = '';
  sleeper.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  sleeper.resume();
  await eventually('the sleeper sees the end of the connection', () => sleeper.closed);
  const ids = [...text.matchAll(/^id: (\S+)\nevent: \S+\ndata: .*\n\n/gm)].map(([, id]) => id ?? '');
  assert.ok(ids.length < MESSAGES);
  const rest = await readAllEvents(
    `${url}/jobs/${jobId}/events`,
    ids.length > 0 ? { 'Last-Event-ID': ids.at(-1) ?? '' } : {},
  );
  const all = [...ids, ...rest.frames.map(({ id }) => id)];
  const stored = (await bus.feed.read({ kind: 'job', jobId }, undefined, 10_000)).entries.map(
    ({ cursor }) => cursor,
  );
  assert.deepEqual(all, [...stored, `${stored.at(-1)}.end`]);
});

test('a slow reader that does read gets everything, however long the feed is', async (t) => {
  const { url, bus } = await startTestServer(t, { limits: { stallMs: 5_000 } });
  const jobId = await submit(bus.events);
  await startAttempt(bus.events, jobId);
  await appendLarge(bus, jobId, 1, 150);
  await endAttempt(bus.events, jobId, { kind: 'succeeded' });
  const reader = readEvents(`${url}/jobs/${jobId}/events`);
  const pauses = setInterval(() => {
    if (reader.socket.isPaused()) reader.socket.resume();
    else reader.socket.pause();
  }, 5);
  await eventually('the end', () => reader.frames.at(-1)?.event === 'end', 60_000);
  clearInterval(pauses);
  reader.socket.resume();
  assert.equal(reader.frames.length, 154);
});

test('a reader that takes a large answer and then nothing is closed', async (t) => {
  const { port, bus, facts } = await startTestServer(t, { limits: { stallMs: 200 } });
  const jobId = await submit(bus.events);
  await startAttempt(bus.events, jobId);
  const whole = JSON.stringify({ text: 'x'.repeat(30 * 1024 * 1024) });
  await bus.transcript.append(jobId, 1, [{ seq: 1, kind: 'message', type: 'user', data: '{}', whole }]);
  const sleeper = connect(port, '127.0.0.1');
  sleeper.on('error', () => {});
  sleeper.pause();
  sleeper.write(`GET /jobs/${jobId}/messages/1/1 HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  const request = await eventually('the answer is over', () =>
    facts.find(({ fact }) => fact === 'http.request'),
  );
  assert.equal(request.fields.whole, false);
  sleeper.destroy();
});

test('what is no HTTP is answered 400 and hung up', async (t) => {
  const { port } = await startTestServer(t);
  const huge = `GET / HTTP/1.1\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`;
  const garbage = [
    '\u0000\u0001\u0002\r\n\r\n',
    'HELLO\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    '\u0016\u0003\u0001\u0002\u0000',
    huge,
  ];
  garbage.push('POST /jobs HTTP/1.1\r\nContent-Length: -1\r\n\r\n');
  garbage.push('POST /jobs HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
  for (const bytes of garbage) {
    const { socket, text } = connectTo(port);
    socket.write(bytes);
    await eventually('the connection is closed', () => socket.closed);
    assert.match(text(), /^HTTP\/1\.1 400 /, bytes.slice(0, 30));
    assert.match(text(), /\r\nX-Request-Id: \S+\r\n/i);
    assert.equal(JSON.parse(text().slice(text().indexOf('\r\n\r\n'))).success, false);
  }
});

test('garbage behind a good request does not spoil its answer', async (t) => {
  const { port } = await startTestServer(t);
  const { socket, text } = connectTo(port);
  socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await eventually('the answer', () => text().includes('"ok"'));
  socket.write('\u0000\u0000garbage\r\n\r\n');
  await eventually('the connection is closed', () => socket.closed);
  assert.match(text(), /^HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 400 /);

  const streaming = connectTo(port);
  streaming.socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n\u0000garbage\r\n\r\n');
  await eventually('the connection is closed', () => streaming.socket.closed);
  assert.equal(streaming.text().split('HTTP/1.1 ').length <= 2, true, 'no second answer inside a stream');
});

test('pipelined requests are answered in order, and nothing is followed once the connection is gone', async (t) => {
  const { port, bus, watchers } = await startTestServer(t);
  const jobId = await submit(bus.events);
  const { socket, text } = connectTo(port);
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  socket.write(get('/health') + get(`/jobs/${jobId}/events`) + get('/events') + get(`/jobs/${jobId}`));
  await eventually('the stream', () => text().includes('event: JobSubmitted'));
  await eventually('both streams follow', () => watchers() === 2);
  assert.match(text(), /^HTTP\/1\.1 200 [\s\S]*"ok"[\s\S]*text\/event-stream/);
  socket.destroy();
  await eventually('nothing follows', () => watchers() === 0);
});

test('a client that closes its half after the request still gets its answer', async (t) => {
  const { port } = await startTestServer(t);
  const { socket, text } = connectTo(port);
  socket.end('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await eventually('the answer', () => text().includes('"ok"'));
});

test('headers and bodies that trickle are cut off', async (t) => {
  const { port } = await startTestServer(t, { listen: { headersTimeoutMs: 100, requestTimeoutMs: 300 } });
  const clients = [
    'GET /health HTTP/1.1\r\nX-A',
    'POST /jobs HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
  ];
  for (const start of clients) {
    const { socket } = connectTo(port);
    socket.write(start);
    const drip = setInterval(() => socket.write('a'), 20);
    await eventually('it was cut off', () => socket.closed);
    clearInterval(drip);
  }
});

test('bodies that break off leave nothing behind and disturb nobody', async (t) => {
  const { port, url, bus, facts } = await startTestServer(t);
  for (let n = 0; n < 20; n += 1) {
    const { socket } = connectTo(port);
    socket.write(
      'POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"task"',
    );
    await eventually('it is connected', () => socket.readyState === 'open');
    socket.resetAndDestroy();
  }
  assert.equal((await fetch(`${url}/health`)).status, 200);
  assert.equal(await bus.events.count('queued'), 0);
  assert.deepEqual(
    facts.filter(({ level }) => level === 'error'),
    [],
  );
});

test('closing ends streams and waiting requests as things stand, and takes no more connections', async (t) => {
  const { url, bus, close, watchers } = await startTestServer(t);
  const jobId = await submit(bus.events);
  const reader = readEvents(`${url}/jobs/${jobId}/events`);
  const fleet = readEvents(`${url}/events`);
  await reader.until('the submission', (frames) => frames.length === 1);
  const waiting = post(`${url}/jobs`, { task: 'x', wait: true });
  await eventually('it waits', () => watchers() === 3);
  const idle = await fetch(`${url}/health`);
  await idle.text();
  await close();
  const response = await waiting;
  assert.equal(response.status, 202);
  assert.equal((await jobOf(response)).status, 'queued');
  await eventually('the streams are over', () => reader.closed() && fleet.closed());
  assert.deepEqual(
    reader.frames.map(({ event }) => event),
    ['JobSubmitted'],
    'no end: there is more to come',
  );
  assert.equal(watchers(), 0);
  await assert.rejects(fetch(`${url}/health`));
});

test('closing does not wait for those who never read', async (t) => {
  const { port, bus, close, watchers } = await startTestServer(t, { listen: { graceMs: 100 } });
  const jobId = await submit(bus.events);
  await startAttempt(bus.events, jobId);
  await appendLarge(bus, jobId, 1, 200);
  const sleeper = connect(port, '127.0.0.1');
  sleeper.on('error', () => {});
  sleeper.pause();
  sleeper.write(`GET /jobs/${jobId}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await eventually('it follows', () => watchers() === 1);
  await close();
  await eventually('nobody follows', () => watchers() === 0);
  sleeper.destroy();
});

test('an address that cannot be bound is a sentence', async (t) => {
  const { port } = await startTestServer(t);
  await assert.rejects(
    startTestServer(t, { listen: { port } }),
    (error: Error) => isCode(error, 'CONFIG_INVALID') && /another process listens there/.test(error.message),
  );
  await assert.rejects(startTestServer(t, { listen: { host: 'no-such-host.invalid' } }), (error: Error) =>
    isCode(error, 'CONFIG_INVALID'),
  );
});

test('IPv6 addresses are served and named in brackets', async (t) => {
  const { url } = await startTestServer(t, { listen: { host: '::1' } });
  assert.match(url, /^http:\/\/\[::1\]:\d+$/);
  assert.equal((await jsonOf(await fetch(`${url}/health`))).status, 'ok');
});

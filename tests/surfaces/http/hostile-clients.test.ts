// Clients that do not read, do not finish, do not speak HTTP.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.js';
import { endAttempt, startAttempt, submit } from '../../support/ledger.js';
import { appendLarge, connectTo } from './raw-client.js';
import { readAllEvents, readEvents } from './sse-reader.js';
import { startTestServer } from './test-server.js';

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

test('an expectation that nobody knows is ignored', async (t) => {
  const { port } = await startTestServer(t);
  const { socket, text } = connectTo(port);
  socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nExpect: 200-ok\r\n\r\n');
  await eventually('the answer', () => text().includes('"ok"'));
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

test('a request that was refused for being late begins nothing when the rest of it comes', async (t) => {
  const { port, bus, facts } = await startTestServer(t, {
    listen: { headersTimeoutMs: 100, requestTimeoutMs: 300 },
  });
  const late = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  late.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  late.on('error', () => {});
  late.write('POST /jobs HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 12\r\n');
  await eventually('it is refused', () => text.includes('did not arrive in time'));
  late.end('Host: localhost\r\n\r\n{"task":"x"}');
  await eventually('it is closed', () => late.closed);
  assert.equal(await bus.events.count('queued'), 0);
  assert.deepEqual(
    facts.filter(({ fact }) => fact === 'http.request'),
    [],
  );
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

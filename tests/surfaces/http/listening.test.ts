// Where a server listens, and how it closes: in bounded time, ending what would never end by itself.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { isCode } from '../../../src/domain/errors.js';
import { eventually } from '../../support/eventually.js';
import { startAttempt, submit } from '../../support/ledger.js';
import { appendLarge, connectTo } from './raw-client.js';
import { readEvents } from './sse-reader.js';
import { jobOf, jsonOf, post, startTestServer } from './test-server.js';

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

test('closing does not wait for connections held in reserve or half a request', {
  timeout: 30_000,
}, async (t) => {
  const { port, close } = await startTestServer(t, { listen: { graceMs: 600_000 } });
  const clients = ['', 'GET /health HTT', 'GET /health HTTP/1.1\r\n\r\n'].map((start) => {
    const client = connectTo(port);
    client.socket.write(start);
    return client;
  });
  await eventually('the answer', () => clients[2]?.text().includes('"ok"'));
  await close();
  for (const { socket } of clients) await eventually('it is closed', () => socket.closed);
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

// Which web pages may call, under which names the server answers, and what browsers are told about every answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.js';
import { submit } from '../../support/ledger.js';
import { startOAuth } from '../oauth/oauth-kit.js';
import { connectTo } from './raw-client.js';
import { startTestServer } from './test-server.js';

const GOOD = 'https://good.example';
const FOREIGN = ['https://evil.example', 'null', 'http://127.0.0.1.evil.example', 'http://good.example', 'x'];
const KEY = { 'x-api-key': 'k' };

const statusOf = async (url: string, headers: Record<string, string>, method = 'GET'): Promise<number> => {
  const response = await fetch(url, { method, headers });
  await response.body?.cancel();
  return response.status;
};

test('a page of a foreign origin is refused at every address, with a key or where none is asked for', async (t) => {
  const servers = [
    await startTestServer(t, { apiKeys: ['a:k'], change: (deps) => ({ ...deps, corsOrigins: [GOOD] }) }),
    await startTestServer(t, { change: (deps) => ({ ...deps, corsOrigins: [GOOD] }) }),
    await startTestServer(t, { change: (deps) => ({ ...deps, corsOrigins: [GOOD], probesOnly: true }) }),
  ];
  const paths = ['/health', '/ready', '/metrics', '/jobs', '/events', '/drain', '/mcp', '/sse', '/nothing'];
  for (const { url } of servers) {
    for (const path of paths) {
      for (const origin of FOREIGN) {
        const refused = await fetch(`${url}${path}`, { headers: { ...KEY, origin } });
        assert.equal(refused.status, 403, `${path} ${origin}`);
        assert.equal(refused.headers.get('access-control-allow-origin'), null);
        assert.match(await refused.text(), /AGENTICORE_ORIGIN_REFUSED/);
      }
      assert.equal(
        (await fetch(`${url}${path}`, { method: 'OPTIONS', headers: { origin: 'https://evil.example' } }))
          .status,
        403,
      );
    }
    for (const origin of [GOOD, 'http://localhost:3000', 'http://[::1]', url])
      assert.equal(await statusOf(`${url}/drain`, { ...KEY, origin }), 200, origin);
  }
});

test('a listed page may ask and read at every address, streams and refusals as well', async (t) => {
  const { url, bus } = await startTestServer(t, {
    apiKeys: ['a:k'],
    change: (deps) => ({ ...deps, corsOrigins: [GOOD], rateLimitPerMinute: 1000 }),
  });
  const jobId = await submit(bus.events);
  for (const path of [
    '/jobs',
    `/jobs/${jobId}/events`,
    '/events',
    '/mcp',
    '/v1/models',
    '/health',
    '/none',
  ]) {
    const asked = await fetch(`${url}${path}`, {
      method: 'OPTIONS',
      headers: {
        origin: GOOD,
        'access-control-request-method': 'DELETE',
        'access-control-request-headers': 'authorization,x-stainless-os',
      },
    });
    assert.equal(asked.status, 204, path);
    assert.equal(asked.headers.get('access-control-allow-origin'), GOOD);
    assert.equal(asked.headers.get('access-control-allow-headers'), 'authorization,x-stainless-os');
    assert.match(asked.headers.get('access-control-allow-methods') ?? '', /DELETE/);
    for (const headers of [{ origin: GOOD }, { origin: GOOD, ...KEY }]) {
      const answer = await fetch(`${url}${path}`, { headers });
      await answer.body?.cancel();
      assert.equal(answer.headers.get('access-control-allow-origin'), GOOD, path);
      assert.equal(answer.headers.get('access-control-allow-credentials'), null);
      assert.match(answer.headers.get('vary') ?? '', /Origin/);
      const exposed = answer.headers.get('access-control-expose-headers') ?? '';
      for (const header of ['X-Request-Id', 'RateLimit', 'WWW-Authenticate', 'Mcp-Session-Id'])
        assert.ok(exposed.split(', ').includes(header), exposed);
    }
  }
});

test('where any page may call, each is told its own origin', async (t) => {
  const { url } = await startTestServer(t, { change: (deps) => ({ ...deps, corsOrigins: ['*'] }) });
  for (const origin of [GOOD, 'null']) {
    const answer = await fetch(`${url}/jobs`, { headers: { origin } });
    assert.equal(answer.headers.get('access-control-allow-origin'), origin);
    assert.equal(answer.headers.get('access-control-allow-credentials'), null);
    assert.equal(answer.status, 200);
  }
});

/** Status of GET /jobs by this name. */
async function statusAs(port: number, host: string | undefined): Promise<string> {
  const { socket, text } = connectTo(port);
  const line = host === undefined ? '' : `Host: ${host}\r\n`;
  socket.write(`GET /jobs HTTP/1.1\r\n${line}Connection: close\r\n\r\n`);
  await eventually('an answer', () => socket.closed);
  return text().slice(9, 12);
}

test('without keys the server answers to no name that a stranger can have', async (t) => {
  const local = await startTestServer(t, {
    change: (deps) => ({ ...deps, allowedHosts: ['ours.example', '*.lan.example:8200'] }),
  });
  const refused = ['rebound.example.com:8200', '10.0.0.1', 'localhost.example.com', 'agenticore', 'a@b', ''];
  for (const host of [...refused, 'sub.ours.example'])
    assert.equal(await statusAs(local.port, host), '403', host);
  for (const host of ['localhost:1', '[::1]:1', '127.0.0.2', 'OURS.example:9', undefined])
    assert.equal(await statusAs(local.port, host), '200', host);

  const open = await startTestServer(t, { change: (deps) => ({ ...deps, allowUnauthenticated: true }) });
  for (const host of ['rebound.example.com:8200', 'localhost.example.com'])
    assert.equal(await statusAs(open.port, host), '403', host);
  // A page cannot make these lead elsewhere than they do.
  for (const host of [
    '10.0.0.1',
    '8.8.8.8:8200',
    '[2001:db8::1]',
    'agenticore:8200',
    'a.b.svc.cluster.local',
  ])
    assert.equal(await statusAs(open.port, host), '200', host);

  const keyed = await startTestServer(t, { apiKeys: ['k'] });
  assert.equal(await statusAs(keyed.port, 'agents.example.com'), '401', 'the key is what is asked for');
});

test('every answer says that it is data, and nothing of what made it', async (t) => {
  const { url } = await startTestServer(t, { apiKeys: ['a:k'] });
  for (const [path, headers] of [
    ['/health', {}],
    ['/jobs', KEY],
    ['/jobs', {}],
    ['/mcp', KEY],
    ['/v1/models', {}],
    ['/%zz', KEY],
    ['/nothing', KEY],
    ['/jobs', { origin: 'https://evil.example' }],
  ] as const) {
    const answer = await fetch(`${url}${path}`, { headers });
    const text = await answer.text();
    assert.ok(answer.headers.get('x-request-id'), path);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff', path);
    assert.equal(answer.headers.get('x-frame-options'), 'DENY');
    assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    for (const silent of ['server', 'x-powered-by', 'strict-transport-security'])
      assert.equal(answer.headers.get(silent), null, silent);
    assert.doesNotMatch(text, /node_modules|express|\.[jt]s:\d/i, path);
  }
});

test('the consent page keeps its own policy', async (t) => {
  const { ask, clientId, authorise } = await startOAuth(t);
  const { headers } = await ask(authorise(await clientId()).url);
  assert.match(headers.get('content-security-policy') ?? '', /style-src 'sha256-.*form-action 'self'/);
  assert.equal(headers.get('referrer-policy'), 'same-origin');
  assert.equal(headers.get('cross-origin-opener-policy'), null);
});

test('what the endpoints of OAuth cannot read is refused, and is no bug', async (t) => {
  const { ask, server } = await startOAuth(t);
  const form = 'application/x-www-form-urlencoded';
  const cases: readonly (readonly [path: string, type: string, body: string, status: number])[] = [
    ['/register', 'application/json', '{', 400],
    ['/register', 'application/json; charset=latin1', '{}', 415],
    ['/register', 'application/json', `"${'x'.repeat(200_000)}"`, 413],
    ['/token', form, 'a=1&'.repeat(2000), 413],
    ['/token', `${form}; charset=utf-7`, 'a=1', 415],
    ['/token', form, 'x'.repeat(200_000), 413],
    ['/token', form, '%zz=%zz', 400],
    ['/token', 'text/plain', 'x', 400],
    ['/authorize', form, 'a=1&'.repeat(2000), 413],
    ['/revoke', form, '', 400],
  ];
  for (const [path, type, body, status] of cases) {
    const refused = await ask(`https://agenticore.example${path}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });
    const text = await refused.text();
    assert.equal(refused.status, status, `${path} ${type} ${text}`);
    assert.ok(refused.headers.get('x-request-id'));
    assert.equal(typeof JSON.parse(text).error, 'string');
  }
  const levels = server.facts.map(({ level }) => level);
  assert.ok(!levels.includes('error'), JSON.stringify(server.facts));
  const wrongMethod = await ask('https://agenticore.example/token');
  assert.equal(wrongMethod.status, 405);
  await wrongMethod.text();
});

// Bad input of every field and every parameter: refused with a code and a sentence, never a 500, never accepted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.js';
import { submit } from '../../support/ledger.js';
import { FIELDS, INVALID, members } from './bad-fields.js';
import { connectTo } from './raw-client.js';
import { type Json, jsonOf, post, startTestServer } from './test-server.js';
import { withAgent } from './with-agent.js';

function assertIsProblem(body: Json, status: number, code: string, requestId: string | null): void {
  assert.equal(body.success, false);
  assert.equal(body.code, code);
  assert.equal(body.status, status);
  assert.equal(body.request_id, requestId);
  assert.ok(Array.isArray(body.details));
  assert.equal(typeof body.error, 'string');
  assert.equal(body.detail, body.error);
  assert.equal(typeof body.title, 'string');
  assert.doesNotMatch(JSON.stringify(body), /\bat .*\.[jt]s:\d/, 'a stack trace');
}

test('bad input of every field of POST /jobs is refused with its code, and makes no job', async (t) => {
  const { url, bus, facts } = await startTestServer(t);
  for (const [field, cases] of Object.entries(FIELDS)) {
    for (const [value, code] of cases) {
      const response = await post(`${url}/jobs`, { task: 'x', [field]: value });
      const shown = `${field}: ${JSON.stringify(value).slice(0, 80)}`;
      assert.equal(response.status, 400, shown);
      assert.equal(response.headers.get('content-type'), 'application/problem+json', shown);
      const body = await jsonOf(response);
      assertIsProblem(body, 400, code, response.headers.get('x-request-id'));
      if (code === INVALID) {
        const details = body.details as Json[];
        assert.ok(details.length > 0 && details.every(({ path }) => String(path).startsWith(field)), shown);
        assert.ok(String(body.error).includes(field), `${shown}: ${body.error}`);
      }
    }
  }
  assert.equal(await bus.events.count('queued'), 0);
  assert.deepEqual(
    facts.filter(({ level }) => level === 'error'),
    [],
  );
});

test('odd but allowed input is taken as it is', async (t) => {
  const { url } = await startTestServer(t);
  const tasks = [
    '-p --help',
    '/clear',
    '@/etc/passwd',
    '"; rm -rf / #',
    '💥'.repeat(100_000),
    '</task>',
    '\u2028\r\n',
  ];
  for (const start of ['-', '/', '@/etc/passwd ']) tasks.push(start + 'x'.repeat(99_000));
  for (const task of tasks.filter((text) => text.trim() !== '')) {
    const response = await post(`${url}/jobs`, { task });
    assert.equal(response.status, 202, task.slice(0, 40));
    assert.equal(((await jsonOf(response)).job as Json).task, task);
  }
  const metadata = { constructor: 'x', toString: 'y', ...members(62) };
  const response = await post(`${url}/jobs`, { task: 'x', metadata });
  assert.deepEqual(((await jsonOf(response)).job as Json).metadata, metadata);
});

test('unknown fields are named, with what was probably meant', async (t) => {
  const { url } = await startTestServer(t);
  const one = await jsonOf(await post(`${url}/jobs`, { task: 'x', repo_ulr: 'y' }));
  assert.equal(one.error, 'repo_ulr is not known; did you mean repo_url?');
  const body = await jsonOf(await post(`${url}/jobs`, { task: 'x', repo_ulr: 'y', profil: 'z' }));
  assert.deepEqual(body.details, [
    { path: 'repo_ulr', message: 'is not known; did you mean repo_url?' },
    { path: 'profil', message: 'is not known; did you mean profile?' },
  ]);
});

test('a body that is no JSON object is refused', async (t) => {
  const { url, facts } = await startTestServer(t);
  const bomb = '['.repeat(1_000_000);
  const cases: readonly (readonly [body: string | Uint8Array<ArrayBuffer>, code: string])[] = [
    ['', 'AGENTICORE_INVALID_JSON'],
    ['{', 'AGENTICORE_INVALID_JSON'],
    ['{"task":"x",}', 'AGENTICORE_INVALID_JSON'],
    ["{'task':'x'}", 'AGENTICORE_INVALID_JSON'],
    ['task=x', 'AGENTICORE_INVALID_JSON'],
    ['{"task": NaN}', 'AGENTICORE_INVALID_JSON'],
    [bomb, 'AGENTICORE_INVALID_JSON'],
    [new Uint8Array([0x22, 0xff, 0xfe, 0x22]), 'AGENTICORE_INVALID_JSON'],
    [new Uint8Array([0x7b, 0x22, 0x74, 0xc3, 0x22, 0x7d]), 'AGENTICORE_INVALID_JSON'],
    [`${'['.repeat(400_000)}${']'.repeat(400_000)}`, INVALID],
    [`{"task":"x","a":${'{"b":'.repeat(100_000)}1${'}'.repeat(100_000)}}`, INVALID],
    ['[]', INVALID],
    ['[{"task":"x"}]', INVALID],
    ['null', INVALID],
    ['"task"', INVALID],
    ['1e999', INVALID],
    ['{}', INVALID],
    ['{"task":"x","__proto__":{"admin":true}}', INVALID],
    ['{"task":"x","metadata":{"__proto__":"x"}}', INVALID],
    ['{"task":"x","constructor":{"prototype":{"a":1}}}', INVALID],
    ['{"task":"x","max_turns":1e999}', INVALID],
    ['{"task":"x","timeout_s":123456789012345678901234567890}', INVALID],
    [`{"task":"x",${Array.from({ length: 60_000 }, (_, n) => `"unknown${n}":1`).join()}}`, INVALID],
    [`{"task":"x",${Array.from({ length: 900 }, (_, n) => `"${'u'.repeat(900)}${n}":1`).join()}}`, INVALID],
  ];
  for (const [body, code] of cases) {
    const response = await fetch(`${url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const shown = String(body).slice(0, 60);
    assert.equal(response.status, 400, shown);
    const text = await response.text();
    assert.ok(text.length < 100_000, `${shown}: the answer is ${text.length} characters long`);
    assertIsProblem(JSON.parse(text), 400, code, response.headers.get('x-request-id'));
  }
  assert.deepEqual(
    facts.filter(({ level }) => level === 'error'),
    [],
  );
  assert.equal(Object.hasOwn(Object.prototype, 'admin'), false);
});

test('a body of another type, coding or size is refused before it is read', async (t) => {
  const { url } = await startTestServer(t);
  const send = (headers: Record<string, string>, body = '{"task":"x"}') =>
    fetch(`${url}/jobs`, { method: 'POST', headers, body });
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'multipart/form-data',
    '',
  ]) {
    const response = await send({ 'content-type': type });
    assert.equal(response.status, 415, type);
    assertIsProblem(
      await jsonOf(response),
      415,
      'AGENTICORE_UNSUPPORTED_MEDIA_TYPE',
      response.headers.get('x-request-id'),
    );
  }
  assert.equal((await send({ 'content-type': 'application/json; charset=latin1' })).status, 415);
  assert.equal((await send({ 'content-type': 'application/json', 'content-encoding': 'gzip' })).status, 415);
  assert.equal((await send({ 'content-type': 'Application/JSON; charset=UTF-8' })).status, 202);

  const large = JSON.stringify({ task: 'x', metadata: { a: 'x'.repeat(3 * 1024 * 1024) } });
  const response = await send({ 'content-type': 'application/json' }, large);
  assert.equal(response.status, 413);
  assertIsProblem(
    await jsonOf(response),
    413,
    'AGENTICORE_BODY_TOO_LARGE',
    response.headers.get('x-request-id'),
  );
  const blob = new Blob([large]);
  const chunked = await fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: blob.stream(),
    duplex: 'half',
  });
  assert.equal(chunked.status, 413);
  await chunked.text();
});

test('parameters and headers of the wrong form are refused', async (t) => {
  const { url, bus } = await startTestServer(t);
  const jobId = await submit(bus.events);
  const queries = [
    'limit=0',
    'limit=201',
    'limit=-1',
    'limit=x',
    'limit=1e1',
    'limit=2.5',
    'limit=1&limit=2',
    'limit=%00',
  ];
  queries.push(
    'status=done',
    'status=QUEUED',
    'status=queued&status=failed',
    'cursor=nonsense',
    `cursor=${'9'.repeat(300)}`,
  );
  queries.push('cursor=%F0%9F%92%A5', 'cursor[]=x&cursor=x');
  for (const query of queries) {
    const response = await fetch(`${url}/jobs?${query}`);
    assert.equal(response.status, 400, query);
    const body = await jsonOf(response);
    assertIsProblem(body, 400, INVALID, response.headers.get('x-request-id'));
    assert.match(String(body.error), /limit|status|cursor/, query);
  }
  for (const key of ['', 'a b', 'x'.repeat(256), 'ünïcode']) {
    const response = await post(`${url}/jobs`, { task: 'x' }, { 'idempotency-key': key });
    assert.equal(response.status, 400, key);
  }
  for (const path of [`/jobs/${jobId}/events`, '/events']) {
    for (const id of [
      'x',
      '1',
      '1-',
      '-1',
      '1-2-3',
      '1-2.end.end',
      "1-0' OR 1=1",
      '9'.repeat(40),
      '1-2.END',
      '9999999999999-0', // of the year 2286: nothing would ever come behind it
    ]) {
      const response = await fetch(`${url}${path}?last_event_id=${encodeURIComponent(id)}`);
      assert.equal(response.status, 400, `${path} ${id}`);
      const header = await fetch(`${url}${path}`, { headers: { 'last-event-id': id } });
      assert.equal(header.status, 400, `${path} ${id}`);
      await Promise.all([response.text(), header.text()]);
    }
  }
  assert.equal((await fetch(`${url}/jobs/${jobId}/events?events=some`)).status, 400);
  assert.equal((await fetch(`${url}/jobs/${jobId}/output?format=xml`)).status, 400);
});

test('an id that is no UUID, or of no job, is a job that does not exist', async (t) => {
  const { url } = await startTestServer(t);
  const ids = [
    'x',
    '1',
    '..%2f..%2fetc',
    '%00',
    'a'.repeat(2000),
    '7f3e1a52-0000-4000-8000-000000000001',
    '__proto__',
  ];
  for (const id of ids) {
    for (const [method, rest] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/retry'],
      ['GET', '/events'],
      ['GET', '/output'],
      ['GET', '/output?format=jsonl'],
      ['GET', '/diff'],
    ] as const) {
      const response = await fetch(`${url}/jobs/${id}${rest}`, { method });
      assert.equal(response.status, 404, `${method} ${id}${rest}`);
      assertIsProblem(
        await jsonOf(response),
        404,
        'AGENTICORE_JOB_NOT_FOUND',
        response.headers.get('x-request-id'),
      );
    }
  }
  const malformed = await fetch(`${url}/jobs/%E0%A4%A`);
  assert.equal(malformed.status, 400);
  assertIsProblem(await jsonOf(malformed), 400, INVALID, malformed.headers.get('x-request-id'));
});

test('unknown addresses are 404 and wrong methods 405 with the allowed ones', async (t) => {
  const { url } = await startTestServer(t);
  const missing = await fetch(`${url}/nothing/here`);
  assert.equal(missing.status, 404);
  assertIsProblem(await jsonOf(missing), 404, 'AGENTICORE_NOT_FOUND', missing.headers.get('x-request-id'));
  const cases = [
    ['PUT', '/jobs', 'GET, HEAD, POST'],
    ['DELETE', '/jobs', 'GET, HEAD, POST'],
    ['POST', '/jobs/7f3e1a52-0000-4000-8000-000000000001', 'GET, HEAD, DELETE'],
    ['GET', '/jobs/7f3e1a52-0000-4000-8000-000000000001/retry', 'POST'],
    ['POST', '/profiles', 'GET, HEAD'],
    ['POST', '/health', 'GET, HEAD'],
    ['OPTIONS', '/events', 'GET, HEAD'],
  ] as const;
  for (const [method, path, allow] of cases) {
    const response = await fetch(`${url}${path}`, { method });
    assert.equal(response.status, 405, `${method} ${path}`);
    assert.equal(response.headers.get('allow'), allow);
    assertIsProblem(
      await jsonOf(response),
      405,
      'AGENTICORE_METHOD_NOT_ALLOWED',
      response.headers.get('x-request-id'),
    );
  }
});

test('a process that only works says who has what was asked for', async (t) => {
  const { url } = await startTestServer(t, { change: (deps) => ({ ...deps, probesOnly: true }) });
  const { status, error } = await jsonOf(await fetch(`${url}/jobs`));
  assert.equal(status, 404);
  assert.match(String(error), /only works \(AGENTICORE_ROLES\); ask one with the role ingress or gateway/);
});

test('an agent says that it takes no coding jobs', async (t) => {
  const { url } = await startTestServer(t, { change: withAgent });
  for (const [path, refused] of [
    ['/jobs', 405],
    ['/jobs/7f3e1a52-0000-4000-8000-000000000001/retry', 404],
  ] as const) {
    const { status, error } = await jsonOf(await fetch(`${url}${path}`, { method: 'POST' }));
    assert.equal(status, refused);
    assert.match(String(error), /is an agent \(AGENT_MODE\) and runs no coding jobs/);
  }
});

test('an address or an expectation that cannot be met is refused like any other fault of a caller', async (t) => {
  const { url, port, facts } = await startTestServer(t);
  for (const path of [
    '/%zz',
    '/jobs/%zz',
    '/jobs?status=%zz',
    '//',
    '/jobs/%00',
    '/%2e%2e/%2e%2e/etc/passwd',
  ]) {
    const answer = await fetch(`${url}${path}`);
    assert.ok([200, 400, 404].includes(answer.status), `${path} ${answer.status}`);
    if (answer.status !== 200)
      assert.equal((await jsonOf(answer)).request_id, answer.headers.get('x-request-id'));
  }
  const { socket, text } = connectTo(port);
  socket.write('GET /nothing HTTP/1.1\r\nHost: localhost\r\nExpect: miracles\r\nConnection: close\r\n\r\n');
  await eventually('an answer', () => socket.closed);
  assert.match(text(), /^HTTP\/1\.1 404 [\s\S]*\r\nX-Request-Id: /);
  assert.ok(facts.every(({ level }) => level !== 'error'));
});

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { displayWidth } from '../../../src/surfaces/cli/terminal/width.js';
import { keepingSink, type } from './person.js';
import {
  DIFF,
  holdSucceededJob,
  ID,
  jobJson,
  json,
  problem,
  type ServerDouble,
  SUCCEEDED,
  startServerDouble,
} from './server-double.js';

let server: ServerDouble;
before(async () => {
  server = await startServerDouble();
});
after(() => server.stop());

const screenOf = (columns: number): ReturnType<typeof keepingSink> & { isTTY: true; columns: number } => ({
  ...keepingSink(),
  isTTY: true,
  columns,
});
const list = (...jobs: Record<string, unknown>[]): Record<string, unknown> => ({
  success: true,
  count: jobs.length,
  jobs,
});

describe('jobs', () => {
  const evil = jobJson({
    id: 'a'.repeat(8) + ID.slice(8),
    status: 'failed',
    task: 'do\n\u001b[2Jharm 日本語 '.repeat(9),
    repo_url: 'git@github.com:acme/widgets.git',
  });

  it('asks for as many as wished and prints lines with tabs for other programs', async () => {
    server.on('GET /jobs', (res) => json(res, 200, list(jobJson(SUCCEEDED), evil)));
    const { code, out } = await type(['jobs', '-n', '5', '-s', 'failed'], { url: server.url });
    assert.equal(code, 0);
    assert.equal(server.askedFor('GET /jobs').at(-1)?.path, '/jobs?limit=5&status=failed');
    const [first, second] = out
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    assert.deepEqual(first, [
      ID,
      'succeeded',
      '2026-01-02T03:04:05.000Z',
      'code',
      'https://github.com/acme/widgets.git',
      'make the test pass',
    ]);
    assert.equal(second?.length, 6);
    assert.ok(!out.includes('\u001b'));
  });

  it('draws a table that fits any screen and keeps the ids whole', async () => {
    server.on('GET /jobs', (res) => json(res, 200, list(jobJson(SUCCEEDED), evil)));
    for (const columns of [60, 80, 100, 160]) {
      const out = screenOf(columns);
      await type(['jobs'], { url: server.url, out, noColor: true });
      assert.match(out.text(), new RegExp(ID));
      assert.match(out.text(), /^ID +STATUS +AGE/);
      for (const line of out.text().trimEnd().split('\n')) assert.ok(displayWidth(line) <= columns, line);
    }
  });

  it('prints the jobs as they came with --json', async () => {
    server.on('GET /jobs', (res) => json(res, 200, list(jobJson({ shape: 'of tomorrow' }))));
    const { out } = await type(['jobs', '--json'], { url: server.url });
    assert.deepEqual(JSON.parse(out), [jobJson({ shape: 'of tomorrow' })]);
  });

  it('goes from page to page for more than the server gives at once', async (t) => {
    const pages = await startServerDouble();
    t.after(() => pages.stop());
    const many = (from: number, count: number): Record<string, unknown>[] =>
      Array.from({ length: count }, (_, index) => jobJson({ id: `${from + index}` }));
    pages.on('GET /jobs?limit=200', (res) =>
      json(res, 200, { ...list(...many(0, 200)), next_cursor: 'older' }),
    );
    pages.on('GET /jobs?limit=50&cursor=older', (res) =>
      json(res, 200, { ...list(...many(200, 50)), next_cursor: 'more' }),
    );
    const { out } = await type(['jobs', '-n', '250'], { url: pages.url });
    assert.equal(out.trimEnd().split('\n').length, 250);
  });

  it('says so when there are none', async () => {
    server.on('GET /jobs', (res) => json(res, 200, list()));
    assert.match((await type(['jobs'], { url: server.url, out: screenOf(80) })).err, /There are no jobs yet/);
    assert.deepEqual(await type(['jobs'], { url: server.url }), { code: 0, out: '', err: '' });
  });
});

describe('one job', () => {
  before(() => holdSucceededJob(server, { metadata: { ticket: 'A-1\u001b[31m' }, error: undefined }));

  it('is shown with everything a person wants to know', async () => {
    const { code, out } = await type(['job', ID], { url: server.url });
    assert.equal(code, 0);
    for (const fact of [
      ID,
      'succeeded',
      'acme/widgets',
      `agenticore-${ID}`,
      '1m 12s',
      '$0.0312',
      '7 turns',
      'make the test pass',
      'The test passes now.',
      'A-1',
    ]) {
      assert.ok(out.includes(fact), `${fact} in ${out}`);
    }
    assert.ok(!out.includes('\u001b'));
  });

  it('is found by the first characters of its id, when only one begins so', async () => {
    const other = `${ID.slice(0, 5)}${'0'.repeat(3)}${ID.slice(8)}`;
    server.on('GET /jobs', (res) => json(res, 200, list(jobJson(), jobJson({ id: other }))));
    assert.equal((await type(['job', ID.slice(0, 7)], { url: server.url })).code, 0);
    const several = await type(['job', ID.slice(0, 4)], { url: server.url });
    assert.equal(several.code, 2);
    assert.match(several.err, /2 jobs begin with 3f2a; give more of the id/);
    const none = await type(['job', 'beef'], { url: server.url });
    assert.equal(none.code, 1);
    assert.match(none.err, /None of the newest 200 jobs/);
  });

  it('is printed whole with --json', async () => {
    const { out } = await type(['job', ID, '--json'], { url: server.url });
    assert.equal(JSON.parse(out).output, 'The test passes now.');
  });

  it('has a diff, as it is for programs, coloured and harmless on a screen', async () => {
    assert.equal((await type(['diff', ID], { url: server.url })).out, DIFF);
    server.on(`GET /jobs/${ID}/diff`, (res) => void res.end(`${DIFF}+\u001b]0;evil\u0007 \n`));
    const out = screenOf(80);
    await type(['diff', ID], { url: server.url, out });
    assert.ok(out.text().includes('\u001b[32m+  return a + b;'));
    assert.ok(out.text().includes('\u001b[31m-  return a - b;'));
    assert.ok(!out.text().includes('\u001b]') && !out.text().includes('\u0007'));
  });
});

describe('cancel', () => {
  const answers: readonly (readonly [string, RegExp])[] = [
    ['cancelled', /is cancelled\.$/],
    ['running', /was asked to stop/],
    ['succeeded', /has already ended: succeeded\.$/],
  ];
  for (const [status, sentence] of answers) {
    it(`says what it came to: ${status}`, async () => {
      server.on(`DELETE /jobs/${ID}`, (res) => json(res, 200, { success: true, job: jobJson({ status }) }));
      const { code, out } = await type(['cancel', ID], { url: server.url });
      assert.equal(code, 0);
      assert.match(out.trim(), sentence);
    });
  }
});

describe('retry', () => {
  it('submits the job once more, with another task when one is given', async () => {
    server.on(`POST /jobs/${ID}/retry`, (res) =>
      json(res, 202, { success: true, job: jobJson({ id: 'new-job' }) }),
    );
    assert.equal((await type(['retry', ID], { url: server.url })).out, 'new-job\n');
    await type(['retry', ID, '--task=-x it'], { url: server.url });
    assert.deepEqual(
      server.askedFor(`POST /jobs/${ID}/retry`).map(({ body }) => body),
      [{}, { task: '-x it' }],
    );
  });
});

describe('profiles', () => {
  const profiles = [
    { name: 'code', description: 'Writes code', model: 'sonnet', auto_pr: true, source: '/p/code' },
    {
      name: 'odd',
      description: '',
      source: '/p/odd',
      error: 'profile.yml: claude.max_turns must be an integer',
    },
  ];
  beforeEach(() =>
    server.on('GET /profiles', (res) => json(res, 200, { success: true, count: 2, profiles })),
  );

  it('are listed, broken ones with what is wrong', async () => {
    const { code, out } = await type(['profiles'], { url: server.url });
    assert.equal(code, 0);
    assert.match(out, /^code\tsonnet\tWrites code\nodd\t\tBROKEN: profile\.yml/);
    const screen = screenOf(50);
    await type(['profiles'], { url: server.url, out: screen, noColor: true });
    for (const line of screen.text().trimEnd().split('\n')) assert.ok(displayWidth(line) <= 50, line);
  });

  it('are shown one by one, and a wrong name is told the right ones', async () => {
    const shown = await type(['profiles', 'show', 'code'], { url: server.url });
    assert.equal(shown.code, 0);
    assert.match(shown.out, /model +sonnet/);
    assert.equal((await type(['profiles', 'show', 'odd'], { url: server.url })).code, 1);
    const unknown = await type(['profiles', 'show', 'coed'], { url: server.url });
    assert.equal(unknown.code, 1);
    assert.match(unknown.err, /There is no profile "coed"; the server has: code, odd\./);
  });
});

describe('status and version', () => {
  before(() => {
    server.on('GET /health', (res) =>
      json(res, 200, { status: 'ok', service: 'agenticore', version: '1.2.3' }),
    );
    server.on('GET /jobs', (res, { path }) =>
      json(
        res,
        200,
        path.includes('succeeded') ? { ...list(jobJson(), jobJson()), next_cursor: 'x' } : list(jobJson()),
      ),
    );
  });

  it('counts the jobs and says whether the server takes work', async () => {
    server.on('GET /ready', (res) => json(res, 200, { success: true, ready: true, reasons: [] }));
    const { code, out } = await type(['status'], { url: server.url });
    assert.equal(code, 0);
    assert.match(out, /version 1\.2\.3\nready +yes\nqueued +1\n/);
    assert.match(out, /succeeded +2\+/);
  });

  it('fails when the server is not ready, and says why', async () => {
    server.on('GET /ready', (res) => json(res, 503, { success: false, ready: false, reasons: ['draining'] }));
    const { code, out } = await type(['status'], { url: server.url });
    assert.equal(code, 1);
    assert.match(out, /ready +no: draining/);
    assert.equal(JSON.parse((await type(['status', '--json'], { url: server.url })).out).ready.ready, false);
  });

  it('tells both versions, and its own when no server is there', async () => {
    assert.match(
      (await type(['version'], { url: server.url })).out,
      /^agenticore 9\.8\.7 .*\nserver 1\.2\.3 at/,
    );
    const alone = await type(['version', '--json'], { url: 'http://127.0.0.1:1' });
    assert.equal(alone.code, 0);
    assert.deepEqual(JSON.parse(alone.out), { client: '9.8.7', server: null, node: process.version });
  });
});

describe('what the server refuses', () => {
  it('is told in its own words, with its details, exit 1', async () => {
    server.on('POST /jobs', (res) =>
      problem(res, 400, 'AGENTICORE_INVALID_REQUEST', 'The request is not valid.', [
        { path: 'max_turns', message: 'must be an integer' },
      ]),
    );
    const { code, out, err } = await type(['run', 'x'], { url: server.url });
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.equal(err, 'agenticore: The request is not valid.\n  max_turns must be an integer\n');
  });

  it('a key that is missing or wrong: says how to give one', async () => {
    server.on(`GET /jobs/${ID}`, (res, { headers }) =>
      headers['x-api-key'] === 'right'
        ? json(res, 200, { success: true, job: jobJson() })
        : problem(res, 401, 'AGENTICORE_UNAUTHORIZED', 'Invalid or missing API key'),
    );
    const { code, err } = await type(['job', ID], { url: server.url });
    assert.equal(code, 1);
    assert.match(err, /Invalid or missing API key; give one with --api-key or AGENTICORE_API_KEY/);
    assert.equal((await type(['job', ID, '--api-key', 'right'], { url: server.url })).code, 0);
    assert.equal((await type(['job', ID], { url: server.url, apiKey: 'right' })).code, 0);
  });

  it('a code of a newer server does no harm', async () => {
    server.on(`GET /jobs/${ID}`, (res) => problem(res, 418, 'AGENTICORE_TEAPOT', 'I am a teapot.\u001b[2J'));
    const { code, err } = await type(['job', ID], { url: server.url });
    assert.equal(code, 1);
    assert.equal(err, 'agenticore: I am a teapot.\n');
  });
});

describe('a server that is none', () => {
  it('nothing listens: says the address it tried and how to start one', async () => {
    const { code, err } = await type(['jobs'], { url: 'http://127.0.0.1:1' });
    assert.equal(code, 1);
    assert.match(
      err,
      /^agenticore: No agenticore server answers at http:\/\/127\.0\.0\.1:1 \(.*\); start one with `agenticore serve`/,
    );
  });

  const strangers: readonly (readonly [string, (res: import('node:http').ServerResponse) => void, RegExp])[] =
    [
      [
        'a web page',
        (res) => void res.end('<html>'),
        /no agenticore server: it sent something that is no JSON/,
      ],
      ['a JSON array', (res) => void res.end('[]'), /no agenticore server/],
      ['an object without a job', (res) => void res.end('{}'), /it sent no job/],
      [
        'a redirect, which no key must follow',
        (res) => void res.writeHead(302, { location: 'http://elsewhere/' }).end(),
        /a redirect to http:\/\/elsewhere\//,
      ],
      [
        'the error page of a proxy',
        (res) => void res.writeHead(502).end('<html>'),
        /it sent 502 Bad Gateway/,
      ],
      [
        'half an answer',
        (res) => void res.writeHead(200, { 'content-length': '100' }).write('{"job"', () => res.destroy()),
        /No agenticore server answers/,
      ],
    ];
  for (const [name, answer, sentence] of strangers) {
    it(`answers with ${name}`, async () => {
      server.on(`GET /jobs/${ID}`, (res) => answer(res));
      const { code, err } = await type(['job', ID], { url: server.url });
      assert.equal(code, 1);
      assert.match(err, sentence);
      assert.equal(err.trim().split('\n').length, 1);
    });
  }
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { displayWidth } from '../../../src/surfaces/cli/terminal/width.js';
import { keepingSink, type } from './person.js';
import { DIFF, holdSucceededJob, ID, jobJson, SUCCEEDED } from './sample-job.js';
import { json, type ServerDouble, startServerDouble } from './server-double.js';

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

  it('is said to be asked to stop only until it has ended', async () => {
    const asked = { status: 'running', cancel_requested: true };
    server.on(`GET /jobs/${ID}`, (res) => json(res, 200, { success: true, job: jobJson(asked) }));
    assert.match(
      (await type(['job', ID], { url: server.url })).out,
      /status +running \(cancel requested\)\n/,
    );
    const ended = { ...asked, status: 'cancelled', ended_at: '2026-01-02T03:05:05.000Z' };
    server.on(`GET /jobs/${ID}`, (res) => json(res, 200, { success: true, job: jobJson(ended) }));
    assert.match((await type(['job', ID], { url: server.url })).out, /status +cancelled\n/);
    holdSucceededJob(server);
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

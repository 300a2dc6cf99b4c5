import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { type } from './person.js';
import { json, problem, type ServerDouble, startServerDouble } from './server-double.js';

let server: ServerDouble;
before(async () => {
  server = await startServerDouble();
});
after(() => server.stop());

const state = (running: readonly string[], idle = running.length === 0) => ({
  success: true,
  draining: true,
  idle,
  running,
});
const worker = (name: string, more: object = {}) => ({ name, host: 'pod-a', slots: 2, running: [], ...more });
const says = (workers: readonly object[]) => ({ success: true, count: workers.length, workers });

describe('drain', () => {
  afterEach(() => {
    server.on('GET /drain', (res) => problem(res, 404, 'AGENTICORE_NOT_FOUND', 'nothing'));
  });

  it('begins, waits until the server runs nothing, and exits 0', async () => {
    const answers = [state(['j1']), state([], false), state([])];
    server.on('POST /drain', (res) => json(res, 202, state(['j1'])));
    server.on('GET /drain', (res) => json(res, 200, answers.length > 1 ? answers.shift() : answers[0]));
    const { code, out, err } = await type(['drain'], { url: server.url });
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^The server at http:\/\/127\.0\.0\.1:\d+ is drained/);
    assert.equal(answers.length, 1, 'it did not take a claim under way for nothing');
  });

  it('exits 1 when its patience ends, and names what still runs', async () => {
    server.on('POST /drain', (res) => json(res, 202, state(['j1'])));
    server.on('GET /drain', (res) => json(res, 200, state(['j1', 'j2'])));
    const { code, out, err } = await type(['drain', '--timeout', '0'], { url: server.url });
    assert.deepEqual([code, out], [1, '']);
    assert.match(
      err,
      /is not idle after 0 s: jobs j1, j2 still run\. It takes no new work until it is started again\.\n$/,
    );
  });

  it('exits 130 at Ctrl-C, and says that it is not undone', async () => {
    server.on('POST /drain', (res) => json(res, 202, state(['j1'])));
    server.on('GET /drain', (res) => json(res, 200, state(['j1'])));
    const { code, out, err } = await type(['drain'], { url: server.url, interrupt: (press) => press() });
    assert.deepEqual([code, out], [130, '']);
    assert.match(err, /goes on draining\. It takes no new work until it is started again\.\n$/);
  });

  it('is refused as the server says, and begins nothing with bad usage', async () => {
    server.on('POST /drain', (res) =>
      problem(res, 401, 'AGENTICORE_UNAUTHORIZED', 'Invalid or missing API key'),
    );
    const refused = await type(['drain'], { url: server.url });
    assert.equal(refused.code, 1);
    assert.match(refused.err, /Invalid or missing API key; give one with --api-key/);
    for (const words of [
      ['--timeout', '-1'],
      ['--timeout', 'soon'],
      ['--worker', ''],
    ])
      assert.equal((await type(['drain', ...words], { url: server.url })).code, 2, words.join(' '));
  });

  it('finds a worker by name, by the beginning of its name or by its host, and waits for its roster entry', async () => {
    const looks = [
      says([worker('pod-a-1-x', { running: ['j1'] }), worker('pod-b-2-y', { host: 'pod-b' })]),
      says([worker('pod-a-1-x', { running: [], draining: false })]),
      says([worker('pod-a-1-x', { running: ['j1'], draining: true })]),
      says([worker('pod-a-1-x', { running: [], draining: true })]),
    ];
    for (const wanted of ['pod-a-1-x', 'pod-a-1', 'pod-a']) {
      const answers = [...looks];
      server.on('GET /workers', (res) => json(res, 200, answers.length > 1 ? answers.shift() : answers[0]));
      server.on('POST /workers/pod-a-1-x/drain', (res) => json(res, 202, { success: true }));
      const { code, out } = await type(['drain', '--worker', wanted], { url: server.url });
      assert.equal(code, 0);
      assert.match(out, /^Worker pod-a-1-x is drained/);
      assert.equal(answers.length, 1);
    }
    assert.equal(server.askedFor('POST /workers/pod-a-1-x/drain').length, 3);
  });

  it('takes a worker that has left for drained', async () => {
    const answers = [says([worker('w')]), says([])];
    server.on('GET /workers', (res) => json(res, 200, answers.length > 1 ? answers.shift() : answers[0]));
    server.on('POST /workers/w/drain', (res) => json(res, 202, { success: true }));
    assert.equal((await type(['drain', '--worker', 'w'], { url: server.url })).code, 0);
  });

  it('asks nobody when none or several are meant', async () => {
    server.on('GET /workers', (res) => json(res, 200, says([worker('pod-a-1'), worker('pod-a-2')])));
    const several = await type(['drain', '--worker', 'pod-a'], { url: server.url });
    assert.deepEqual([several.code, several.out], [1, '']);
    assert.match(several.err, /Several workers may be meant by "pod-a": pod-a-1, pod-a-2\./);
    const none = await type(['drain', '--worker', 'pod-c'], { url: server.url });
    assert.match(
      none.err,
      /No living worker has the name or host "pod-c"; those that live: pod-a-1, pod-a-2\./,
    );
    assert.equal(server.askedFor('POST /workers/pod-a-1/drain').length, 0);
  });
});

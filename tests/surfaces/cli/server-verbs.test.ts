import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { displayWidth } from '../../../src/surfaces/cli/terminal/width.js';
import { keepingSink, type } from './person.js';
import { jobJson } from './sample-job.js';
import { json, problem, type ServerDouble, startServerDouble } from './server-double.js';

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
      json(res, 200, { ...list(jobJson()), total: path.includes('succeeded') ? 234 : 1 }),
    );
  });

  before(() => {
    const ours = { name: 'pod-1', slots: 4, running: ['j1'], draining: true };
    server.on('GET /workers', (res) =>
      json(res, 200, { success: true, count: 2, workers: [ours, { name: 'pod-2', slots: 1, running: [] }] }),
    );
  });

  it('counts the jobs and says whether the server takes work', async () => {
    server.on('GET /ready', (res) => json(res, 200, { success: true, ready: true, reasons: [] }));
    const { code, out } = await type(['status'], { url: server.url });
    assert.equal(code, 0);
    assert.match(out, /version 1\.2\.3\nready +yes\nqueued +1\n/);
    assert.match(out, /succeeded +234\n/);
    assert.match(out, /worker +pod-1, 1 of 4 slots, draining: j1\nworker +pod-2, 0 of 1 slots\n$/);
    const { jobs, workers } = JSON.parse((await type(['status', '--json'], { url: server.url })).out);
    assert.deepEqual([jobs.queued, jobs.succeeded, workers[0].name], [1, 234, 'pod-1']);
  });

  it('says so when nobody lives who could work', async () => {
    const lonely = await startServerDouble();
    after(() => lonely.stop());
    lonely.on('GET /health', (res) => json(res, 200, { status: 'ok', version: '1.2.3' }));
    lonely.on('GET /jobs', (res) => json(res, 200, list(jobJson())));
    lonely.on('GET /ready', (res) => json(res, 200, { success: true, ready: true, reasons: [] }));
    lonely.on('GET /workers', (res) => json(res, 200, { success: true, count: 0, workers: [] }));
    const { code, out } = await type(['status'], { url: lonely.url });
    assert.equal(code, 0);
    assert.match(out, /worker +none lives: jobs wait until one starts\n$/);
  });

  it('fails while the bus is away, and says that of the server which does not need it', async () => {
    const cutOff = await startServerDouble();
    after(() => cutOff.stop());
    cutOff.on('GET /health', (res) => json(res, 200, { status: 'ok', version: '1.2.3' }));
    cutOff.on('GET /ready', (res) => json(res, 503, { success: false, ready: false, reasons: ['No bus.'] }));
    for (const path of ['/jobs', '/workers'])
      cutOff.on(`GET ${path}`, (res) => problem(res, 503, 'AGENTICORE_BUS_UNREACHABLE', 'No bus.'));
    const { code, out, err } = await type(['status'], { url: cutOff.url });
    assert.deepEqual([code, err], [1, '']);
    assert.match(out, /version 1\.2\.3\nready +no: No bus\.\n$/);
    const told = JSON.parse((await type(['status', '--json'], { url: cutOff.url })).out);
    assert.deepEqual([told.ready.reasons, told.jobs, told.workers], [['No bus.'], null, null]);
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

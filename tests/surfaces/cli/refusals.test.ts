import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { type } from './person.js';
import { ID, jobJson } from './sample-job.js';
import { json, problem, type ServerDouble, startServerDouble } from './server-double.js';

let server: ServerDouble;
before(async () => {
  server = await startServerDouble();
});
after(() => server.stop());

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

  it('an address where this server has nothing: says which server was asked', async () => {
    const { code, err } = await type(['status'], { url: server.url });
    assert.equal(code, 1);
    assert.equal(
      err,
      `agenticore: There is nothing at this address. It was ${server.url} that was asked; name another server with --url or AGENTICORE_URL.\n`,
    );
  });

  it('a key that no header can carry is not sent', async () => {
    const { code, err } = await type(['job', ID, '--api-key', 'two words'], { url: server.url });
    assert.equal(code, 2);
    assert.ok(!err.includes('two words'));
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

  const strangers: readonly (readonly [string, (res: ServerResponse) => void, RegExp])[] = [
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
    ['the error page of a proxy', (res) => void res.writeHead(502).end('<html>'), /it sent 502 Bad Gateway/],
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

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { createHttpClient } from '../../../src/surfaces/cli/server/http-client.js';
import { repoAddress } from '../../../src/surfaces/cli/verbs/repo-address.js';
import { type } from './person.js';
import { holdSucceededJob, ID, jobJson } from './sample-job.js';
import { frame, frames, json, problem, type ServerDouble, startServerDouble } from './server-double.js';

let server: ServerDouble;
beforeEach(async () => {
  server = await startServerDouble();
  holdSucceededJob(server);
});
afterEach(() => server.stop());

const submitted = (): unknown => server.askedFor('POST /jobs').at(-1)?.body;

describe('run', () => {
  it('submits what was said and nothing else', async () => {
    await type(['run', 'mend it'], { url: server.url });
    assert.deepEqual(submitted(), { task: 'mend it' });
    const everything = [
      '-r',
      'https://x/y',
      '-p',
      'review',
      '--base-ref',
      'v1',
      '--model',
      'opus',
      '--max-turns',
      '5',
      '--max-budget-usd',
      '0.5',
      '--timeout',
      '60',
      '--session-id',
      ID,
      '--metadata',
      'a=1',
      '--metadata',
      'b=c=d',
    ];
    await type(['run', ...everything, 'mend it'], { url: server.url });
    assert.deepEqual(submitted(), {
      task: 'mend it',
      repo_url: 'https://x/y',
      profile: 'review',
      base_ref: 'v1',
      model: 'opus',
      max_turns: 5,
      max_budget_usd: 0.5,
      timeout_s: 60,
      session_id: ID,
      metadata: { a: '1', b: 'c=d' },
    });
  });

  it('gives the id to the next program, and the person a hint', async () => {
    const { code, out, err } = await type(['run', 'x'], { url: server.url });
    assert.equal(code, 0);
    assert.equal(out, `${ID}\n`);
    assert.equal(err, `Submitted. Follow it with: agenticore watch ${ID}\n`);
    assert.deepEqual(JSON.parse((await type(['run', 'x', '--json'], { url: server.url })).out), jobJson());
  });

  const tasks: readonly (readonly [string, readonly string[], string | undefined, string])[] = [
    ['from stdin when told so', ['-'], 'from\nstdin\n', 'from\nstdin'],
    ['from a pipe when nothing is told', [], 'from a pipe', 'from a pipe'],
    ['from the words, whatever is in the pipe', ['told'], 'ignored', 'told'],
    ['that begins with a dash', ['--', '-v prints nothing'], undefined, '-v prints nothing'],
    ['that begins with two', ['--', '--help'], undefined, '--help'],
    ['that looks like a number', ['0042'], undefined, '0042'],
    ['that looks like a command', ['/etc/passwd @/etc/passwd'], undefined, '/etc/passwd @/etc/passwd'],
    ['with characters of all kinds', ['日本 🚀 "quotes" \\ $HOME'], undefined, '日本 🚀 "quotes" \\ $HOME'],
    ['of 100,000 characters', ['-'], 'x'.repeat(100_000), 'x'.repeat(100_000)],
  ];
  for (const [name, words, stdin, task] of tasks) {
    it(`takes a task ${name}`, async () => {
      const { code, err } = await type(['run', ...words], {
        url: server.url,
        ...(stdin === undefined ? {} : { stdin }),
      });
      assert.equal(code, 0, err);
      assert.deepEqual(submitted(), { task });
    });
  }

  it('does not wait for a task to be typed, and takes no endless one', async () => {
    const nothing = await type(['run'], { url: server.url, stdinIsTTY: true });
    assert.equal(nothing.code, 2);
    assert.match(nothing.err, /There is no task/);
    const typed = await type(['run', '-'], { url: server.url, stdinIsTTY: true });
    assert.equal(typed.code, 2);
    assert.match(
      typed.err,
      /^agenticore: Waiting for the task, typed .+; Ctrl-D ends it\.\n.+Nothing came from stdin/,
    );
    const flood = await type(['run', '-'], { url: server.url, stdin: 'x'.repeat(2 * 1024 * 1024) });
    assert.equal(flood.code, 2);
    assert.match(flood.err, /larger than 1 MiB/);
    assert.equal(submitted(), undefined);
  });

  it('asks once more when the connection breaks after the request, with the same key', async () => {
    let requests = 0;
    server.on('POST /jobs', (res) => {
      requests += 1;
      if (requests === 1) res.destroy();
      else json(res, 202, { success: true, job: jobJson() });
    });
    assert.equal((await type(['run', 'x'], { url: server.url })).code, 0);
    const keys = server.askedFor('POST /jobs').map(({ headers }) => headers['idempotency-key']);
    assert.equal(keys.length, 2);
    assert.equal(keys[0], keys[1]);
    await type(['run', 'x'], { url: server.url });
    assert.notEqual(server.askedFor('POST /jobs').at(-1)?.headers['idempotency-key'], keys[0]);
  });

  it('does not ask again for what was refused', async () => {
    server.on('POST /jobs', (res) => problem(res, 503, 'AGENTICORE_DRAINING', 'This server is draining.'));
    const { code, err } = await type(['run', 'x'], { url: server.url });
    assert.equal(code, 1);
    assert.match(err, /draining/);
    assert.equal(server.askedFor('POST /jobs').length, 1);
  });
});

describe('run --wait', () => {
  it('gives the answer to the next program, what became of the job to the person', async () => {
    const { code, out, err } = await type(['run', 'x', '-w'], { url: server.url });
    assert.equal(code, 0);
    assert.equal(out, 'The test passes now.\n');
    assert.match(err, new RegExp(`^Job ${ID}: waiting for its end\\.\n✔ succeeded`));
    assert.match(server.askedFor(`GET /jobs/${ID}/events`)[0]?.path ?? '', /events=domain/);
  });

  it('exits as the job ended, and prints the job with --json', async () => {
    holdSucceededJob(server, { status: 'failed', error: 'no', output: undefined });
    server.on(`GET /jobs/${ID}/events`, (res) => frames(res, [frame('1-0.end', 'end', {})]));
    const { code, out } = await type(['run', 'x', '-w', '--json'], { url: server.url });
    assert.equal(code, 1);
    assert.equal(JSON.parse(out).status, 'failed');
  });
});

describe('the repository of run', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agenticore-repo-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('becomes an absolute path when it is a folder here and the server is here too', async () => {
    const near = relative(process.cwd(), folder);
    for (const url of ['http://127.0.0.1:8200', 'http://localhost:1', 'http://[::1]:1']) {
      assert.equal(await repoAddress(near, url), folder);
      assert.equal(await repoAddress(folder, url), folder);
    }
    assert.equal(await repoAddress('.', 'http://127.0.0.1:1'), process.cwd());
  });

  it('stays as it is when it is an address', async () => {
    for (const address of [
      'https://github.com/a/b',
      'git@github.com:a/b.git',
      'ssh://git@host/x',
      'file:///srv/x.git',
    ]) {
      assert.equal(await repoAddress(address, 'http://127.0.0.1:1'), address);
      assert.equal(await repoAddress(address, 'https://agents.example.com'), address);
    }
    assert.equal(await repoAddress(undefined, 'http://127.0.0.1:1'), undefined);
  });

  it('is refused when it is a folder here and the server elsewhere, or nowhere at all', async () => {
    await assert.rejects(repoAddress(folder, 'https://agents.example.com'), {
      code: 'INVALID_REQUEST',
      message: /cannot see .* push the repository/,
    });
    await assert.rejects(repoAddress(join(folder, 'none'), 'http://127.0.0.1:1'), {
      message: /There is no folder/,
    });
  });
});

describe('patience', () => {
  it('ends with a sentence when a server takes a connection and says nothing', async () => {
    server.on('GET /slow', () => {});
    const http = createHttpClient({ url: server.url, apiKey: undefined });
    await assert.rejects(http.send('/slow', { timeoutMs: 100 }), {
      code: 'SERVER_UNREACHABLE',
      message: /did not answer within/,
    });
  });

  it('keeps the path of an address behind a proxy', async () => {
    server.on('GET /agents/health', (res) => json(res, 200, { ok: true }));
    const http = createHttpClient({ url: `${server.url}/agents/`, apiKey: undefined });
    assert.deepEqual(await http.json('/health'), { ok: true });
  });
});

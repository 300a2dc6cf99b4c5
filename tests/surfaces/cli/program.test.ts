// The program itself, as a shell starts it: streams, signals, exit codes.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../support/eventually.js';
import { holdSucceededJob, ID, jobJson, STORY } from './sample-job.js';
import { frame, frames, json, type ServerDouble, startServerDouble } from './server-double.js';

const MAIN = fileURLToPath(new URL('../../../src/main.js', import.meta.url));

let home = '';
let server: ServerDouble;
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'agenticore-cli-'));
  server = await startServerDouble();
  holdSucceededJob(server);
});
after(async () => {
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

const environment = (more: Record<string, string> = {}): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: home,
  AGENTICORE_URL: server.url,
  ...more,
});

function start(
  words: readonly string[],
  env = environment(),
): { child: ChildProcess; ended: Promise<Ended>; out: () => string } {
  const child = spawn(process.execPath, [MAIN, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, out, err })),
  );
  return { child, ended, out: () => out };
}

describe('the program', () => {
  it('finds the server by AGENTICORE_URL and shows AGENTICORE_API_KEY', async () => {
    const { code, out, err } = await start(['job', ID], environment({ AGENTICORE_API_KEY: 'secret-key' }))
      .ended;
    assert.equal(code, 0, err);
    assert.match(out, /succeeded/);
    assert.equal(server.asked.at(-1)?.headers['x-api-key'], 'secret-key');
  });

  it('finds it by host and port too', async () => {
    const env = { ...environment(), AGENTICORE_URL: '', AGENTICORE_PORT: String(server.port) };
    assert.equal((await start(['job', ID], env).ended).code, 0);
  });

  it('prints help and version, and knows bad usage, with the exit codes of a shell program', async () => {
    assert.match((await start(['--version']).ended).out, /^\d+\.\d+\.\d+\n$/);
    assert.equal((await start(['run', '--help']).ended).code, 0);
    assert.equal((await start(['jbos']).ended).code, 2);
    assert.equal((await start(['jobs', '--url', 'nonsense']).ended).code, 2);
    assert.equal((await start(['jobs', '--url', 'http://127.0.0.1:1']).ended).code, 1);
  });

  it('says what is wrong with the configuration, once', async () => {
    const { code, err } = await start(['jobs'], environment({ AGENTICORE_PORT: 'many' })).ended;
    assert.equal(code, 1);
    assert.equal(err.match(/AGENTICORE_PORT/g)?.length, 1);
  });

  it('follows a job to its end and exits as the job did, without colours in a pipe', async () => {
    const { code, out, err } = await start(
      ['run', 'x', '--follow'],
      environment({ TERM: 'xterm-256color', CI: 'true' }),
    ).ended;
    assert.equal(code, 0, err);
    assert.match(out, /✔ succeeded/);
    assert.ok(!out.includes('\u001b'));
    assert.ok(
      (await start(['watch', ID], environment({ FORCE_COLOR: '1' })).ended).out.includes('\u001b[32m'),
    );
    assert.ok(
      !(await start(['watch', ID], environment({ FORCE_COLOR: '1', NO_COLOR: '1' })).ended).out.includes(
        '\u001b',
      ),
    );
  });

  it('leaves at Ctrl-C with 130 and tells how to go on', async (t) => {
    const endless = await startServerDouble();
    t.after(() => endless.stop());
    endless.on('POST /jobs', (res) => json(res, 202, { success: true, job: jobJson() }));
    endless.on(`GET /jobs/${ID}/events`, (res) => frames(res, STORY.slice(0, 12), false));
    const { child, ended, out } = start(['run', 'x', '--follow', '--url', endless.url]);
    await eventually('the tool call is shown', () => out().includes('npm test'));
    child.kill('SIGINT');
    const { code, signal, err } = await ended;
    assert.deepEqual([code, signal], [130, null]);
    assert.match(err, /The job goes on/);
  });

  it('ends quietly when nobody reads any more', async (t) => {
    const chatty = await startServerDouble();
    t.after(() => chatty.stop());
    let lines = 0;
    let closed = false;
    chatty.on(`GET /jobs/${ID}/events`, (res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.once('close', () => {
        closed = true;
      });
      const flood = (): void => {
        if (res.destroyed) return;
        lines += 1;
        if (res.write(frame(lines, 'CancelRequested', { by: 'x'.repeat(1000) }))) setImmediate(flood);
        else res.once('drain', flood);
      };
      flood();
    });
    const { child, ended } = start(['watch', ID, '--url', chatty.url]);
    child.stdout?.once('data', () => child.stdout?.destroy());
    const { code, err } = await ended;
    assert.equal(code, 141);
    assert.equal(err, '');
    await eventually('the connection is closed', () => closed);
  });

  it('loads neither schemas nor server to show its help', async () => {
    const { child, loaded } = startProbed(['--help']);
    await new Promise((resolve) => child.once('close', resolve));
    assert.deepEqual(
      loaded().filter((file) => /^(ajv|express|ioredis|pino|yaml)\//.test(file)),
      [],
    );
  });

  it('serves a fleet on files without what only others need, or what may never be asked for', async () => {
    const { child, loaded, out } = startProbed(['serve', '--port', '0']);
    await eventually('it listens', () => out().includes('"server.listening"'));
    child.kill();
    await new Promise((resolve) => child.once('close', resolve));
    const files = loaded();
    assert.ok(files.some((file) => file.startsWith('express/')));
    assert.deepEqual(
      files.filter((file) => /^(ajv\/dist\/2020|ioredis\/|zod\/|@opentelemetry\/|@secretlint\/)/.test(file)),
      [],
    );
  });
});

/** The program in a process that says at its end which files of packages it has loaded (of CommonJS ones). */
function startProbed(words: readonly string[]) {
  const probe = `
    import { createRequire } from 'node:module';
    process.argv = [process.argv[0], ${JSON.stringify([MAIN, ...words]).slice(1)};
    process.on('exit', () => console.log(JSON.stringify(Object.keys(createRequire(import.meta.url).cache))));
    await import(${JSON.stringify(MAIN)});
  `;
  const env = environment({ AGENTICORE_HOME: join(home, 'probed') });
  const child = spawn(process.execPath, ['--input-type=module', '-e', probe], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  const hear = (chunk: unknown): void => {
    out += String(chunk);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const loaded = (): readonly string[] => {
    const files: readonly string[] = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '');
    return files.flatMap((file) => /.*node_modules\/(.*)/.exec(file)?.[1] ?? []);
  };
  return { child, loaded, out: () => out };
}

// What is asked of a file bus that a server has goes to that server, and to no other that happens to answer.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startServer } from '../../scripts/quickstart/start-server.js';
import { tempDir } from '../support/temp-dir.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

it('goes to the server that has it, and refused at the address of another', async (t) => {
  const [ours, theirs] = await Promise.all([start(t, 'ours'), start(t, 'theirs')]);
  const steal = ['admin', 'pending', '--steal', '--min-idle', '0', '--json'];
  const refused = await type(ours.home, theirs.url, steal);
  assert.equal(refused.code, 1);
  assert.match(
    refused.err,
    /has this bus is ours-\d+-\w+, and the server at \S+ is theirs-\d+-\w+; nothing was changed/,
  );
  assert.match(refused.err, /AGENTICORE_URL/);
  const relayed = await type(ours.home, theirs.url, ['stdio']);
  assert.deepEqual([relayed.code, relayed.out], [1, '']);
  assert.match(relayed.err, /has this bus is ours-/);
  const done = await type(ours.home, ours.url, steal);
  assert.deepEqual([done.code, JSON.parse(done.out)], [0, []], done.err);
});

interface Started {
  readonly home: string;
  readonly url: string;
}

async function start(t: TestContext, name: string): Promise<Started> {
  const folder = join(await tempDir(), name); // there until the server has left
  await mkdir(folder);
  const server = await startServer(MAIN, folder, { ANTHROPIC_API_KEY: 'none', AGENTICORE_POD_NAME: name });
  t.after(() => server.stop());
  return { home: join(folder, 'home'), url: server.url };
}

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const type = (home: string, url: string, words: readonly string[]): Promise<Said> =>
  new Promise((resolve) => {
    const env = { PATH: process.env.PATH, HOME: home, AGENTICORE_HOME: home, AGENTICORE_URL: url };
    const child = execFile(process.execPath, [MAIN, ...words], { env }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });

// The scripted model as a program of its own: the quickstart and users start it this way.
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tempDir } from '../../support/temp-dir.js';
import { at } from './lines.js';

const main = fileURLToPath(new URL('../../../scripts/scripted-model/main.js', import.meta.url));

function start(t: TestContext, ...args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [main, ...args]);
  t.after(() => child.kill('SIGKILL'));
  return child;
}

async function writeScript(t: TestContext): Promise<string> {
  const file = join(await tempDir(t), 'hello.yaml');
  await writeFile(
    file,
    'name: hello\nsteps:\n  - say: Hello.\n    fault: { kind: hang_before_headers, times: 1 }\n',
  );
  return file;
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`it says where it listens and ends on ${signal}, whoever still waits for an answer`, async (t) => {
    const child = start(t, '--scripts', await writeScript(t), '--pace', '1');
    const exited = once(child, 'exit');
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    const url = String(at(JSON.parse(String(line)), 'url'));
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    const body = JSON.stringify({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'go' }] });
    const ask = () =>
      fetch(`${url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': 'dummy' }, body });
    // Whichever of the two comes first hangs; when the other is answered, it has come.
    const asked = [ask(), ask()].map((answer) =>
      answer.then(({ status }) => status).catch(() => 'cut' as const),
    );
    assert.equal(await Promise.race(asked), 200);
    child.kill(signal);
    assert.deepEqual(await exited, [0, null]);
    assert.deepEqual((await Promise.all(asked)).sort(), [200, 'cut']);
  });
}

const mistakes: readonly (readonly [
  what: string,
  args: (script: string) => readonly string[],
  says: RegExp,
])[] = [
  ['no scripts', () => [], /--scripts is missing[\s\S]*Usage/],
  ['scripts that are not there', () => ['--scripts', '/nowhere'], /nowhere/],
  [
    'an impossible port',
    (script) => ['--scripts', script, '--port', '70000'],
    /--port must be a whole number/,
  ],
  ['a pace in words', (script) => ['--scripts', script, '--pace', 'fast'], /--pace must be a whole number/],
  ['an unknown option', () => ['--speed', '1'], /Unknown option '--speed'/],
];

for (const [what, args, says] of mistakes) {
  test(`${what}: it says so on stderr and fails`, async (t) => {
    const child = start(t, ...args(await writeScript(t)));
    const exited = once(child, 'exit');
    assert.match(await text(child.stderr), says);
    assert.deepEqual(await exited, [1, null]);
  });
}

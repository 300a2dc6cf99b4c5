// A git process whose server is gone is ended; those of living servers, and whatever else carries the name, are not.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { endOrphans, ownerVariable } from '../../../src/adapters/git/orphans.js';

const ROOT = '/nowhere/répertoire with spaces';

test('only what a dead owner left behind is ended', { timeout: 30_000 }, async (t) => {
  const [[name, own] = ['', '']] = Object.entries(ownerVariable(ROOT));
  const start = async (owner: string): Promise<ChildProcess> => {
    const child = spawn('sleep', ['60'], { env: { PATH: process.env.PATH, [name]: owner } });
    t.after(() => child.kill('SIGKILL'));
    await once(child, 'spawn');
    return child;
  };
  const dead = JSON.stringify({ ...JSON.parse(own), start: 'of an earlier boot' });
  const orphan = await start(dead);
  const others = await Promise.all([own, dead.replace('/nowhere', '/elsewhere'), '{garbage'].map(start));
  const ended = once(orphan, 'exit');
  await endOrphans(ROOT);
  assert.deepEqual(await ended, [null, 'SIGTERM']);
  assert.deepEqual(
    others.map(({ exitCode, signalCode }) => exitCode ?? signalCode),
    [null, null, null],
  );
});

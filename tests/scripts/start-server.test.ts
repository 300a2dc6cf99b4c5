// A server that was started for a test or a measurement is gone when it is stopped, whatever it is at.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startServer } from '../../scripts/quickstart/start-server.js';
import { eventually } from '../support/eventually.js';
import { tempDir } from '../support/temp-dir.js';

const TIMEOUT = { timeout: 120_000 };
const STUBBORN = fileURLToPath(new URL('./stubborn-server.js', import.meta.url));

for (const [what, signal] of [
  ['does not leave', undefined],
  ['stands still', 'SIGSTOP'],
] as const) {
  test(`a server that ${what} is killed after a while`, TIMEOUT, async (t) => {
    const server = await startServer(STUBBORN, await tempDir(t), {}, { stopMs: 100 });
    if (signal !== undefined) process.kill(server.pid, signal);
    await eventually('it is stopped', () => server.stop().then(() => true));
    assert.throws(() => process.kill(server.pid, 0), /ESRCH/);
    await server.stop();
  });
}

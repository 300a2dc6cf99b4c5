// Draining over HTTP: who may, what it answers, and that every role can be drained.
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, it } from 'node:test';
import type { HttpDeps } from '../../../src/surfaces/http/http-deps.js';
import { jsonOf, post, startTestServer } from './test-server.js';

/** A desk that remembers who began, and runs one job. */
function desk() {
  const asked: string[] = [];
  return {
    asked,
    change: (deps: HttpDeps): HttpDeps => ({
      ...deps,
      allowUnauthenticated: true,
      drain: {
        begin: (by) => void asked.push(by),
        state: () => ({ draining: asked.length > 0, idle: false, running: ['job-1'] }),
      },
    }),
  };
}

const worker = {
  host: 'h',
  version: '1',
  slots: 2,
  running: ['j'],
  draining: false,
  startedAt: 1,
  seenAt: 2,
};

describe('draining over HTTP', () => {
  for (const probesOnly of [false, true]) {
    it(`begins at POST, and GET says how far it is${probesOnly ? ', on a process that only works too' : ''}`, async (t) => {
      const { asked, change } = desk();
      const { url } = await startTestServer(t, { change: (deps) => ({ ...change(deps), probesOnly }) });
      const before = { success: true, draining: false, idle: false, running: ['job-1'] };
      assert.deepEqual(await jsonOf(await fetch(`${url}/drain`)), before);
      const begun = await fetch(`${url}/drain`, { method: 'POST' });
      assert.equal(begun.status, 202);
      assert.deepEqual(await jsonOf(begun), { ...before, draining: true });
      assert.deepEqual(asked, ['anonymous']);
      assert.equal((await fetch(`${url}/drain`, { method: 'DELETE' })).status, 405);
      assert.equal((await fetch(`${url}/workers`)).status, probesOnly ? 404 : 200);
    });
  }

  it('wants a key where there are keys, and notes whose it was', async (t) => {
    const { asked, change } = desk();
    const { url } = await startTestServer(t, { change, apiKeys: ['ops:s3cret'] });
    for (const [path, method] of [
      ['/drain', 'GET'],
      ['/drain', 'POST'],
      ['/workers', 'GET'],
      ['/workers/w/drain', 'POST'],
    ] as const)
      assert.equal((await fetch(`${url}${path}`, { method })).status, 401, path);
    assert.deepEqual(asked, []);
    const headers = { 'x-api-key': 's3cret' };
    assert.equal((await fetch(`${url}/drain`, { method: 'POST', headers })).status, 202);
    assert.deepEqual(asked, ['ops']);
  });

  it('without keys is refused to pages of other origins', async (t) => {
    const { asked, change } = desk();
    const { url } = await startTestServer(t, { change });
    const headers = { origin: 'https://evil.example' };
    assert.equal((await fetch(`${url}/drain`, { method: 'POST', headers })).status, 403);
    assert.deepEqual(asked, []);
  });

  const address = Object.values(networkInterfaces())
    .flat()
    .find((found) => found && !found.internal && found.family === 'IPv4')?.address;
  it('without keys is refused to other machines, though they may submit', {
    skip: address === undefined && 'this machine has no address but its own',
  }, async (t) => {
    const { asked, change } = desk();
    const { port, bus } = await startTestServer(t, { change, listen: { host: '0.0.0.0' } });
    await bus.registry.beat({ worker: 'w', ...worker }, 60_000);
    const url = `http://${address}:${port}`;
    assert.equal((await fetch(`${url}/drain`, { method: 'POST' })).status, 401);
    assert.equal((await fetch(`${url}/workers/w/drain`, { method: 'POST' })).status, 401);
    assert.deepEqual(asked, []);
    assert.deepEqual(await bus.registry.beat({ worker: 'w', ...worker }, 60_000), { drain: false });
    assert.equal((await post(`${url}/jobs`, { task: 'x' })).status, 202);
    assert.equal((await fetch(`http://127.0.0.1:${port}/drain`, { method: 'POST' })).status, 202);
  });

  it('lists the workers, and asks any of them to drain by its name', async (t) => {
    const { url, bus } = await startTestServer(t);
    await bus.registry.beat({ worker: 'pod/1 ü', ...worker }, 60_000);
    const { workers } = await jsonOf(await fetch(`${url}/workers`));
    assert.deepEqual(workers, [
      {
        name: 'pod/1 ü',
        host: 'h',
        version: '1',
        slots: 2,
        running: ['j'],
        draining: false,
        started_at: '1970-01-01T00:00:00.001Z',
        seen_at: '1970-01-01T00:00:00.002Z',
      },
    ]);
    const path = `${url}/workers/${encodeURIComponent('pod/1 ü')}/drain`;
    assert.equal((await fetch(path, { method: 'POST' })).status, 202);
    assert.deepEqual(await bus.registry.beat({ worker: 'pod/1 ü', ...worker }, 60_000), { drain: true });
    const nobody = await fetch(`${url}/workers/nobody/drain`, { method: 'POST' });
    assert.equal(nobody.status, 404);
    assert.equal((await jsonOf(nobody)).code, 'AGENTICORE_WORKER_NOT_FOUND');
    assert.equal((await fetch(`${url}/workers/%zz/drain`, { method: 'POST' })).status, 400);
  });
});

// The admin verbs that move jobs: export, import, and import through the server that has the bus.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openFileBus } from '../../../../src/adapters/file/open-file-bus.js';
import { AgenticoreError } from '../../../../src/domain/errors.js';
import type { Bus } from '../../../../src/ports/bus.js';
import { startAttempt, submit } from '../../../support/ledger.js';
import { tempDir } from '../../../support/temp-dir.js';
import { makeWholeHistory } from '../../../support/whole-history.js';
import { startTestServer } from '../../http/test-server.js';
import { keep } from './keeper.js';

interface Scope {
  after(done: () => Promise<void>): void;
}

async function freshBus(t: Scope): Promise<Bus> {
  const bus = await openFileBus({ home: await tempDir(), leaseMs: 600_000 });
  t.after(() => bus.close());
  return bus;
}

/** Somebody whose bus is in the hands of the server at `url`. */
const locked = (url: string, stdin: string) => ({ url, stdin, desk: new AgenticoreError('BUS_LOCKED') });

describe('admin export and import', () => {
  it('moves one job or all, and says how many', async (t) => {
    const bus = await freshBus(t);
    const jobIds = [await makeWholeHistory(bus), await makeWholeHistory(bus)];
    const one = await keep(bus, ['export', jobIds[0]?.slice(0, 8) ?? '']);
    assert.deepEqual([one.code, one.err], [0, '1 job exported.\n']);
    const all = await keep(bus, ['export', '--all']);
    assert.equal(all.err, '2 jobs exported.\n');
    const there = await freshBus(t);
    const first = await keep(there, ['import', '-'], { stdin: one.out });
    assert.deepEqual([first.code, first.out, first.err], [0, '1 job imported\n', '']);
    const file = join(await tempDir(t), 'all.jsonl');
    await writeFile(file, all.out);
    const second = await keep(there, ['import', file, '--json']);
    assert.deepEqual(JSON.parse(second.out), { imported: 1, same: 1, refused: [], torn: null });
    const again = await keep(there, ['export', '--all']);
    assert.deepEqual(again.out.split('\n').sort(), all.out.split('\n').sort());
  });

  it('says what was refused and what is torn, and fails', async (t) => {
    const bus = await freshBus(t);
    const jobId = await submit(bus.events);
    const { out } = await keep(bus, ['export', jobId]);
    const there = await freshBus(t);
    const refused = await keep(there, ['import', '-'], { stdin: out });
    assert.equal(refused.code, 1);
    assert.match(refused.err, new RegExp(`Job ${jobId} was refused: it has not ended`));
    assert.equal((await keep(there, ['import', '-', '--open'], { stdin: out })).code, 0);
    const torn = await keep(there, ['import', '-'], { stdin: out.slice(0, -10) });
    assert.deepEqual([torn.code, torn.err.split('\n').length], [1, 3]);
    assert.match(torn.err, /torn/);
    assert.equal((await keep(there, ['import', '/nowhere.jsonl'])).code, 1);
    for (const words of [['export'], ['export', jobId, '--all'], ['import']])
      assert.equal((await keep(there, words)).code, 2, words.join(' '));
  });

  it('goes through the server that has the bus', async (t) => {
    const bus = await freshBus(t);
    await makeWholeHistory(bus);
    await makeWholeHistory(bus);
    await submit(bus.events);
    const { out } = await keep(bus, ['export', '--all']);
    const server = await startTestServer(t);
    const told = await keep(bus, ['import', '-', '--json'], locked(server.url, out));
    assert.equal(told.code, 1);
    const report = JSON.parse(told.out);
    assert.deepEqual([report.imported, report.same, report.refused.length, report.torn], [2, 0, 1, null]);
    const torn = await keep(bus, ['import', '-'], locked(server.url, out.slice(0, -20)));
    assert.deepEqual([torn.code, /torn/.test(torn.err)], [1, true]);
    const open = await keep(bus, ['import', '-', '--open', '--json'], locked(server.url, out));
    assert.deepEqual(JSON.parse(open.out), { imported: 1, same: 2, refused: [], torn: null });
    const two = await keep(bus, ['import', '-'], locked(server.url, `${out}${out}`));
    assert.deepEqual([two.code, /more behind the end/.test(two.err)], [1, true]);
    const garbage = await keep(bus, ['import', '-'], locked(server.url, 'garbage\n'));
    assert.deepEqual([garbage.code, garbage.err], [1, 'agenticore: This is no export of agenticore.\n']);
  });

  it('says at a terminal what it waits for, and that nothing came', async (t) => {
    const bus = await freshBus(t);
    await makeWholeHistory(bus);
    const { out } = await keep(bus, ['export', '--all']);
    const there = await freshBus(t);
    const waits = 'agenticore: Waiting for an export, typed or pasted here; Ctrl-D ends it.\n';
    const typed = await keep(there, ['import', '-'], { stdin: out, stdinIsTTY: true });
    assert.deepEqual([typed.code, typed.out, typed.err], [0, '1 job imported\n', waits]);
    const server = await startTestServer(t);
    const empty = 'agenticore: The input is empty: no export of agenticore.\n';
    for (const situation of [{ stdin: '' }, locked(server.url, '')]) {
      const nothing = await keep(there, ['import', '-'], { ...situation, stdinIsTTY: true });
      assert.deepEqual([nothing.code, nothing.err], [1, waits + empty]);
      assert.equal((await keep(there, ['import', '-'], situation)).err, empty);
    }
  });

  it('steals through the server that has the bus', async (t) => {
    const server = await startTestServer(t);
    const jobId = await submit(server.bus.events);
    await server.bus.queue.claim('jobs', 'worker-1', new AbortController().signal);
    await startAttempt(server.bus.events, jobId);
    const words = ['pending', '--steal', '--min-idle', '0', '--json'];
    const told = await keep(server.bus, words, locked(server.url, ''));
    assert.deepEqual(
      JSON.parse(told.out).map((entry: { job_id: string }) => entry.job_id),
      [jobId],
    );
    assert.deepEqual(await server.bus.queue.depth('jobs'), { waiting: 1, running: 0 });
  });

  it('trims a job, or all that ended long ago, also through the server', async (t) => {
    const server = await startTestServer(t);
    const jobId = await makeWholeHistory(server.bus);
    const other = await makeWholeHistory(server.bus);
    assert.equal((await keep(server.bus, ['trim'])).code, 2);
    assert.equal((await keep(server.bus, ['trim', '--ended-before', 'x'])).code, 2);
    const one = await keep(server.bus, ['trim', jobId.slice(0, 8), '--json']);
    assert.deepEqual(JSON.parse(one.out), { trimmed: [jobId] });
    const none = await keep(server.bus, ['trim', '--ended-before', '1h'], locked(server.url, ''));
    assert.deepEqual([none.code, none.out], [0, '0 jobs trimmed\n']);
    const rest = await keep(server.bus, ['trim', '--ended-before', '0s', '--json'], locked(server.url, ''));
    assert.deepEqual(JSON.parse(rest.out), { trimmed: [other] });
    const feed = await (await fetch(`${server.url}/jobs/${jobId}/events`)).text();
    assert.match(feed, /^event: gap\n/);
    assert.match(feed, /event: JobSubmitted\n[\s\S]*event: end\n/);
    const page = await fetch(`${server.url}/jobs/${jobId}/messages/2/4`);
    assert.equal(page.status, 404);
  });

  it('lets nobody in without a key, nor a page of somewhere else', async (t) => {
    const server = await startTestServer(t, { apiKeys: ['k:secret'] });
    const lines = { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body: '' };
    assert.equal((await fetch(`${server.url}/admin/import`, lines)).status, 401);
    const open = await startTestServer(t, { change: (deps) => ({ ...deps, allowUnauthenticated: true }) });
    const headers = { ...lines.headers, origin: 'https://evil.example' };
    assert.equal((await fetch(`${open.url}/admin/import`, { ...lines, headers })).status, 403);
    assert.equal((await fetch(`${open.url}/admin/steal`, { method: 'POST' })).status, 400);
    assert.equal((await fetch(`${open.url}/admin/import`, { method: 'POST', body: 'x' })).status, 415);
    const redis = await startTestServer(t, { wrapBus: (bus) => ({ ...bus, name: 'redis' }) });
    assert.equal((await fetch(`${redis.url}/admin/import`, lines)).status, 404);
  });
});

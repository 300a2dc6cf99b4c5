// `agenticore admin verify` as somebody types it: what it prints, and its exit codes.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openFileBus, readFileBus } from '../../../../src/adapters/file/open-file-bus.js';
import { AgenticoreError } from '../../../../src/domain/errors.js';
import { tempDir } from '../../../support/temp-dir.js';
import { makeWholeHistory } from '../../../support/whole-history.js';
import { deskWith, keep } from './keeper.js';

describe('admin verify', () => {
  it('says that a job is whole, and what could not be compared', async (t) => {
    const bus = await openFileBus({ home: await tempDir(t), leaseMs: 600_000 });
    t.after(() => bus.close());
    const jobId = await makeWholeHistory(bus);
    const { code, out, err } = await keep(bus, ['verify', jobId.slice(0, 8)]);
    assert.deepEqual([code, err], [0, `Job ${jobId} is whole, as far as it is kept (not: session).\n`]);
    assert.match(out, /^ledger\twhole\t6 events$/m);
    const json = JSON.parse((await keep(bus, ['verify', jobId, '--json'])).out);
    assert.deepEqual(
      [json.job_id, json.status, json.whole, json.divergence],
      [jobId, 'succeeded', true, null],
    );
    assert.ok(json.checks.length >= 6);
  });

  it('names the first thing that is not what it was', async (t) => {
    const home = await tempDir(t);
    const bus = await openFileBus({ home, leaseMs: 600_000 });
    const jobId = await makeWholeHistory(bus);
    await bus.close();
    const path = join(home, 'bus', 'jobs', jobId, 'messages.jsonl');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"three"', '"threx"'));
    const beside = await readFileBus({ home, leaseMs: 600_000 });
    const told = await keep(beside, ['verify', jobId]);
    assert.equal(told.code, 1);
    assert.match(told.err, /is not what it was: transcript: it breaks at message 2:4: /);
    assert.equal(JSON.parse((await keep(beside, ['verify', jobId, '--json'])).out).whole, false);
    await beside.close();
  });

  it('knows a job whose ledger the bus cannot read, and tells it from one that is not there', async (t) => {
    const bus = await openFileBus({ home: await tempDir(t), leaseMs: 600_000 });
    t.after(() => bus.close());
    const jobId = '0a2b6c1e-0000-4000-8000-000000000001';
    const damaged = deskWith(bus, { unreadableJobs: () => new Map([[jobId, 'Line 3 does not follow.']]) });
    const told = await keep(bus, ['verify', '0a2b'], { desk: damaged });
    assert.deepEqual([told.code, told.out], [1, 'ledger\tbroken\tLine 3 does not follow\n']);
    const unknown = await keep(bus, ['verify', jobId]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.err, /^agenticore: /);
    assert.equal(
      (await keep(bus, ['verify', jobId], { desk: new AgenticoreError('BUS_UNREACHABLE') })).code,
      2,
    );
    assert.equal((await keep(bus, ['verify'])).code, 2);
  });
});

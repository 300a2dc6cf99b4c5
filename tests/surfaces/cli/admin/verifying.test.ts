// `agenticore admin verify` and `rebuild` as somebody types them: what they print, and their exit codes.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openFileBus, readFileBus } from '../../../../src/adapters/file/open-file-bus.js';
import { AgenticoreError } from '../../../../src/domain/errors.js';
import type { Log } from '../../../../src/ports/log.js';
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

describe('admin rebuild on files', () => {
  it('names a job whose ledger cannot be read until somebody mends it or removes its folder', async (t) => {
    const home = await tempDir(t);
    const server = await openFileBus({ home, leaseMs: 600_000 });
    const [damaged, mended] = [await makeWholeHistory(server), await makeWholeHistory(server)];
    await server.close();
    const ledger = (jobId: string): string => join(home, 'bus', 'jobs', jobId, 'ledger.jsonl');
    const whole = await readFile(ledger(mended), 'utf8');
    for (const jobId of [damaged, mended]) await writeFile(ledger(jobId), 'hello\nworld\n');
    const look = async () => {
      const unreadable = new Map<string, string>();
      const log: Log = (_fact, { job_id, error } = {}) => void unreadable.set(String(job_id), String(error));
      const bus = await readFileBus({ home, leaseMs: 600_000, log });
      const desk = deskWith(bus, { unreadableJobs: () => unreadable });
      const told = await keep(bus, ['rebuild', '--json'], { desk });
      const { jobs, differed } = JSON.parse(told.out);
      return { code: told.code, jobs, differed, plain: await keep(bus, ['rebuild'], { desk }) };
    };

    const { code, jobs, differed, plain } = await look();
    assert.deepEqual([code, jobs, differed.length], [1, 2, 2]);
    for (const jobId of [damaged, mended]) {
      const what = `Line 1 of ${ledger(jobId)} cannot be read`;
      assert.deepEqual(
        differed.find((one: { job_id: string }) => one.job_id === jobId),
        { job_id: jobId, differed: [what], mended: false },
      );
      assert.ok(plain.out.includes(`${jobId}\t${what}\n`));
    }
    assert.deepEqual(
      [plain.code, plain.err],
      [1, '2 jobs looked at, 2 cannot be mended: the ledger itself is broken\n'],
    );

    await writeFile(ledger(mended), whole);
    await rm(join(home, 'bus', 'jobs', damaged), { recursive: true });
    const after = await look();
    assert.deepEqual([after.code, after.jobs, after.differed], [0, 1, []]);
  });
});

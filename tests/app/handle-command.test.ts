// A caller may say where it last saw a job: that saves a look, and what it says may be old without doing harm.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFileBus } from '../../src/adapters/file/open-file-bus.js';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { handleCommand, type LedgerDeps } from '../../src/app/handle-command.js';
import { isCode } from '../../src/domain/errors.js';
import type { StoredJob } from '../../src/ports/stored-job.js';
import { carryOut, sha256, startAttempt, submit } from '../support/ledger.js';
import { tempDir } from '../support/temp-dir.js';

const START = { type: 'StartAttempt', worker: 'worker-1', host: 'host-1' } as const;
const CANCEL = { type: 'RequestCancel', by: 'somebody' } as const;

test('a command on a job as it was last seen', async (t) => {
  const bus = await openFileBus({ home: await tempDir(), leaseMs: 60_000 });
  t.after(() => bus.close());
  let looks = 0;
  const load = (jobId: string): Promise<StoredJob | undefined> => {
    looks += 1;
    return bus.events.load(jobId);
  };
  const deps: LedgerDeps = { events: { ...bus.events, load }, clock: systemClock, hash: sha256 };

  async function seen(): Promise<StoredJob> {
    const stored = await bus.events.load(await submit(bus.events));
    assert.ok(stored);
    looks = 0;
    return stored;
  }

  await t.test('is carried out without a look when nothing has happened since', async () => {
    const known = await seen();
    const { job } = await handleCommand(deps, known.job.id, START, {}, known);
    assert.equal(job.status, 'running');
    assert.equal(looks, 0);
    assert.deepEqual((await bus.events.load(job.id))?.job, job);
  });

  await t.test('is decided anew when something has happened since', async () => {
    const known = await seen();
    await startAttempt(bus.events, known.job.id);
    const { job, events } = await handleCommand(deps, known.job.id, CANCEL, {}, known);
    assert.deepEqual([job.status, job.cancelRequested, job.version], ['running', true, 3]);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['CancelRequested'],
    );
  });

  await t.test('is refused, or called done, by what the job is and not by what it was', async () => {
    const known = await seen();
    await carryOut(bus.events, known.job.id, CANCEL);
    await assert.rejects(handleCommand(deps, known.job.id, START, {}, known), (error) =>
      isCode(error, 'JOB_ENDED'),
    );
    const queued = await seen();
    await startAttempt(bus.events, queued.job.id);
    const report = { type: 'CommitReady', oid: 'c0ffee', leftUncommitted: false } as const;
    const command = { type: 'ReportProgress', attempt: 1, facts: [report] } as const;
    assert.equal((await handleCommand(deps, queued.job.id, command, {}, queued)).job.commit, 'c0ffee');
  });
});

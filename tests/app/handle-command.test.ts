// A caller may say where it last saw a job: that saves a look, and what it says may be old without doing harm.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFileBus } from '../../src/adapters/file/open-file-bus.js';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { handleCommand, type LedgerDeps } from '../../src/app/handle-command.js';
import { AgenticoreError, isCode } from '../../src/domain/errors.js';
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

test('what came with a command, and has started, is put back unburned, once', async (t) => {
  const bus = await openFileBus({ home: await tempDir(), leaseMs: 60_000 });
  t.after(() => bus.close());
  const signal = new AbortController().signal;
  const ids = [await submit(bus.events), await submit(bus.events)] as const;
  const [first, second] = [
    await bus.queue.claim('jobs', 'worker-1', signal),
    await bus.queue.claim('jobs', 'worker-1', signal),
  ];
  assert.ok(first && second);
  const next = { ...second, started: await startAttempt(bus.events, second.jobId) };
  let outages = 2; // while it is handed back
  const append: typeof bus.events.append = async (transition) => {
    if (transition.jobId === second.jobId && outages-- > 0) throw new AgenticoreError('BUS_UNREACHABLE');
    const result = await bus.events.append(transition);
    return result.kind === 'appended' && transition.jobId === first.jobId ? { ...result, next } : result;
  };
  const clock = {
    ...systemClock,
    sleep: (ms: number) => (ms > 1000 ? new Promise<void>(() => {}) : Promise.resolve()),
  };
  const deps: LedgerDeps = { events: { ...bus.events, append }, clock, hash: sha256 };
  const handled = await handleCommand(deps, ids[0], START, { claim: first.token });
  await handled.next?.release();
  const { job } = (await bus.events.load(ids[1])) ?? {};
  assert.deepEqual([job?.status, job?.attempt, job?.attemptsUsed], ['queued', 1, 0]);
  assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 1, running: 1 });
  await handled.next?.release(); // it is nobody's to give back any more
  assert.equal((await bus.events.load(ids[1]))?.job.version, 3);
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { openFileBus } from '../../src/adapters/file/open-file-bus.js';
import { sha256 } from '../../src/adapters/host/sha256.js';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { cancelJob } from '../../src/app/inspect-jobs.js';
import { retryJob, type SubmitDeps, type SubmitPolicy, submitJob } from '../../src/app/submit-job.js';
import { AgenticoreError, type ErrorCode } from '../../src/domain/errors.js';
import type { Bus } from '../../src/ports/bus.js';
import { publicCourier } from '../support/courier.js';
import { endAttempt, startTurn } from '../support/ledger.js';
import { tempDir } from '../support/temp-dir.js';
import { profileStore } from './doubles.js';

const policy: SubmitPolicy = {
  defaultProfile: 'code',
  lane: 'jobs',
  maxQueued: 1000,
  jobTtlS: 86_400,
  queueTtlS: 86_400,
  maxAttempts: 3,
  repoUrls: { allowedProtocols: ['https', 'ssh'] },
};

describe('submitting a job', () => {
  let bus: Bus;
  let deps: SubmitDeps;

  before(async () => {
    bus = await openFileBus({ home: await tempDir(), leaseMs: 60_000 });
    deps = {
      events: bus.events,
      clock: systemClock,
      hash: sha256,
      profiles: profileStore({ retry: { max_attempts: 9 } }),
      newId: randomUUID,
      accepting: () => true,
      redactTask: (task) => task.replaceAll('hunter2', '[redacted]'),
      courier: publicCourier,
      checkFilePath: async () => {
        throw new AgenticoreError('FILE_PATH_REFUSED');
      },
      policy,
    };
  });
  after(() => bus.close());

  const refused = (promise: Promise<unknown>, code: ErrorCode): Promise<void> =>
    assert.rejects(promise, (error) => error instanceof AgenticoreError && error.code === code);

  it('says how long what is said is kept, if not as long as the record', async () => {
    const brief = { ...deps, policy: { ...policy, feedTtlS: 60 } };
    const { order } = await submitJob(brief, { task: 'mend it', ttlS: 3600 });
    assert.deepEqual([order.feedTtlS, order.ttlS], [60, 3600]);
    assert.ok(!('feedTtlS' in (await submitJob(deps, { task: 'mend it' })).order));
  });

  it('answers with a job that is already in its lane, completed by profile and server', async () => {
    const job = await submitJob(deps, { task: 'mend it with hunter2', metadata: { ticket: '7' } });
    assert.equal(job.order.task, 'mend it with [redacted]');
    assert.deepEqual(
      [job.status, job.order.profile, job.order.maxAttempts, job.order.metadata],
      ['queued', 'code', 3, { ticket: '7' }],
    );
    assert.deepEqual((await bus.events.load(job.id))?.job, job);
    assert.ok((await bus.queue.depth('jobs')).waiting >= 1);
  });
  it('refuses what it cannot do before anything is stored', async () => {
    const count = await bus.events.count('queued');
    await refused(submitJob(deps, { task: 't', profile: 'nope' }), 'UNKNOWN_PROFILE');
    await refused(
      submitJob(deps, { task: 't', repoUrl: 'ext::sh -c touch%20/tmp/pwned' }),
      'REPO_URL_REFUSED',
    );
    await refused(submitJob(deps, { task: 't', repoUrl: 'file:///etc' }), 'REPO_URL_REFUSED');
    await refused(
      submitJob(deps, { task: 't', repoUrl: 'https://a.example/b', baseRef: '--orphan' }),
      'BASE_REF_REFUSED',
    );
    await refused(submitJob(deps, { task: 't', filePath: '/etc/passwd' }), 'FILE_PATH_REFUSED');
    assert.equal(await bus.events.count('queued'), count);
  });
  it('returns the same job for the same key and body, and refuses the key for another body', async () => {
    const first = await submitJob(deps, { task: 'once' }, { idempotencyKey: 'k1' });
    const again = await submitJob(deps, { task: 'once' }, { idempotencyKey: 'k1' });
    assert.equal(again.id, first.id);
    await refused(submitJob(deps, { task: 'other' }, { idempotencyKey: 'k1' }), 'IDEMPOTENCY_MISMATCH');
  });
  it('makes one job of many equal requests at once', async () => {
    const jobs = await Promise.all(
      Array.from({ length: 20 }, () => submitJob(deps, { task: 'race' }, { idempotencyKey: 'k2' })),
    );
    assert.equal(new Set(jobs.map((job) => job.id)).size, 1);
  });
  it('says when to come back when the queue is full', async () => {
    const full = { ...deps, policy: { ...policy, maxQueued: 1 } };
    await assert.rejects(
      submitJob(full, { task: 't' }),
      (error) =>
        error instanceof AgenticoreError && error.code === 'QUEUE_FULL' && error.retryAfterS !== undefined,
    );
  });
  it('takes nothing while draining', async () => {
    await refused(submitJob({ ...deps, accepting: () => false }, { task: 't' }), 'DRAINING');
  });
  it('retries an ended job as a new one, with its task or another', async () => {
    const job = await submitJob(deps, { task: 'first', model: 'opus' });
    await refused(retryJob(deps, job.id), 'JOB_NOT_ENDED');
    await cancelJob(deps, job.id, 'test');
    const same = await retryJob(deps, job.id);
    const edited = await retryJob(deps, job.id, 'second hunter2');
    assert.deepEqual([same.order.task, same.order.model, same.order.retryOf], ['first', 'opus', job.id]);
    assert.deepEqual([edited.order.task, edited.order.retryOf], ['second [redacted]', job.id]);
    await refused(retryJob(deps, randomUUID()), 'JOB_NOT_FOUND');
  });
  it('does not retry a turn: who asked for it is gone', async () => {
    const turn = await startTurn(bus.events);
    await endAttempt(bus.events, turn, { kind: 'succeeded' });
    await refused(retryJob(deps, turn), 'INVALID_REQUEST');
  });
});

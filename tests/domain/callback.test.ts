import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callbackStatus } from '../../src/domain/callback.js';
import { decide, type JobCommand } from '../../src/domain/decide.js';
import { isCode } from '../../src/domain/errors.js';
import { evolve, type Job } from '../../src/domain/job.js';
import { hasOutlived, upkeepAt } from '../../src/domain/upkeep.js';
import { sampleOrder } from '../support/ledger.js';

const T0 = 1_700_000_000_000;
const FAILED = { kind: 'failed', error: 'It answered 500.', isFinal: false } as const;
const DELIVERED = { kind: 'delivered', httpStatus: 204 } as const;

function after(job: Job | undefined, command: JobCommand, now: number): Job {
  const next = decide(command, job, now).reduce<Job | undefined>(evolve, job);
  assert.ok(next);
  return next;
}

const record = (job: Job, outcome: typeof FAILED | typeof DELIVERED, now: number, jitter = 0): Job =>
  after(job, { type: 'RecordCallback', outcome, jitter }, now);

const submitted = (callbackUrl?: string): Job => {
  const order = sampleOrder({ ttlS: 60, ...(callbackUrl === undefined ? {} : { callbackUrl }) });
  return after(undefined, { type: 'SubmitJob', jobId: 'job', kind: 'task', order }, T0);
};
const ended = (callbackUrl?: string): Job =>
  after(submitted(callbackUrl), { type: 'RequestCancel', by: 'x' }, T0);

describe('telling the end of a job', () => {
  it('is due at once with the end, whatever the end is, and never for a job without an address', () => {
    assert.equal(submitted('https://example.com/').callback, undefined);
    assert.deepEqual(ended('https://example.com/').callback, { attempts: 0, tries: 0, dueAt: T0 });
    assert.equal('callback' in ended(), false);
  });

  it('is tried eleven times in a day, and then given up', () => {
    let job = ended('https://example.com/');
    const pauses: number[] = [];
    while (job.callback?.dueAt !== undefined) {
      const at = job.callback.dueAt;
      job = record(job, FAILED, at);
      pauses.push(((job.callback?.dueAt ?? at) - at) / 1000);
    }
    assert.deepEqual(pauses, [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 28_800, 0]);
    assert.deepEqual(job.callback, { attempts: 11, tries: 11, error: 'It answered 500.' });
    assert.equal(callbackStatus(job.callback ?? assert.fail()), 'failed');
    assert.equal(job.status, 'cancelled');
  });

  it('comes back a little later than planned, each at another time', () => {
    const job = record(ended('https://example.com/'), FAILED, T0, 0.5);
    assert.equal(job.callback?.dueAt, T0 + 5500);
  });

  it('is over when it is delivered, or when the receiver says that it is gone', () => {
    const once = record(record(ended('https://example.com/'), FAILED, T0), DELIVERED, T0 + 5000);
    assert.deepEqual(once.callback, { attempts: 2, tries: 2, deliveredAt: T0 + 5000 });
    const gone = { type: 'RecordCallback', outcome: { ...FAILED, isFinal: true }, jitter: 0 } as const;
    assert.equal(after(ended('https://example.com/'), gone, T0).callback?.dueAt, undefined);
  });

  it('counts a request that nobody waited for any more, and changes nothing by it', () => {
    const late = record(record(ended('https://example.com/'), DELIVERED, T0), FAILED, T0 + 1);
    assert.deepEqual(
      [late.callback?.attempts, late.callback?.dueAt, late.callback?.deliveredAt],
      [2, undefined, T0],
    );
  });

  it('can be asked for once more, with all its tries', () => {
    const ask = { type: 'AskForCallback', by: 'x' } as const;
    const job = after(record(ended('https://example.com/'), DELIVERED, T0), ask, T0 + 9);
    assert.deepEqual(job.callback, { attempts: 1, tries: 0, dueAt: T0 + 9, deliveredAt: T0 });
    assert.deepEqual(decide(ask, job, T0 + 10), [], 'it is due already');
    const failed = record(job, FAILED, T0 + 10);
    assert.equal(after(failed, ask, T0 + 11).callback?.dueAt, T0 + 11, 'instead of at its next try');
    assert.throws(
      () => decide(ask, ended(), T0),
      (error) => isCode(error, 'CALLBACK_NOT_FOUND'),
    );
    const running = submitted('https://example.com/');
    assert.throws(
      () => decide(ask, running, T0),
      (error) => isCode(error, 'JOB_NOT_ENDED'),
    );
  });

  it('keeps the record beyond its ttl until it is done', () => {
    const job = ended('https://example.com/');
    assert.equal(hasOutlived(job, T0 + 3_600_000), false);
    assert.equal(upkeepAt(job), T0 + 86_400_000, 'nobody may be there to tell it');
    assert.equal(hasOutlived(record(job, DELIVERED, T0), T0 + 60_000), true);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evolve, type Job } from '../../src/domain/job.js';
import type { JobEvent } from '../../src/domain/job-event.js';
import { placementChange } from '../../src/domain/placement.js';

const order = {
  task: 't',
  profile: 'code',
  lane: 'jobs',
  mode: 'sync',
  queueTtlS: 1,
  ttlS: 1,
  maxAttempts: 3,
  backoffS: 1,
} as const;
const submitted: JobEvent = { type: 'JobSubmitted', at: 0, jobId: 'j', kind: 'task', order };
const started: Extract<JobEvent, { type: 'AttemptStarted' }> = {
  type: 'AttemptStarted',
  at: 0,
  attempt: 1,
  worker: 'w',
  host: 'h',
};
const failure = { attempt: 1, code: 'CLAUDE_CRASHED', error: '' } as const;

function changeAfter(history: readonly JobEvent[], ...events: readonly JobEvent[]) {
  const before = history.reduce<Job | undefined>(evolve, undefined);
  const after = events.reduce<Job | undefined>(evolve, before);
  assert.ok(after);
  return placementChange(before, after);
}

describe('where a job waits', () => {
  it('a new job enters its lane', () => {
    assert.deepEqual(changeAfter([], submitted), { kind: 'enqueue', lane: 'jobs' });
  });
  it('a started job keeps its entry, so that the lane counts waiting and running', () => {
    assert.deepEqual(changeAfter([submitted], started), { kind: 'none' });
    assert.deepEqual(changeAfter([submitted, started], { type: 'CancelRequested', at: 1, by: 'x' }), {
      kind: 'none',
    });
  });
  it('a job taken over in the same step keeps its entry', () => {
    const lost: JobEvent = { type: 'AttemptLost', at: 1, worker: 'w', ...failure };
    assert.deepEqual(changeAfter([submitted, started], lost, { ...started, attempt: 2 }), { kind: 'none' });
  });
  it('a handed-back job gets a fresh entry', () => {
    assert.deepEqual(
      changeAfter([submitted, started], { type: 'AttemptHandedBack', at: 1, attempt: 1, worker: 'w' }),
      {
        kind: 'requeue',
        lane: 'jobs',
      },
    );
  });
  it('a retried or parked job waits aside for its time', () => {
    const delayed = { kind: 'delay', lane: 'jobs', until: 77 };
    assert.deepEqual(
      changeAfter([submitted, started], { type: 'AttemptFailed', at: 1, retryAt: 77, ...failure }),
      delayed,
    );
    assert.deepEqual(
      changeAfter([submitted, started], { type: 'AttemptParked', at: 1, until: 77, ...failure }),
      delayed,
    );
  });
  it('a job parked before its attempt gives its entry up', () => {
    const parked: JobEvent = { type: 'JobParked', at: 1, until: 77, code: 'CLAUDE_USAGE_LIMIT', error: '' };
    assert.deepEqual(changeAfter([submitted], parked), { kind: 'delay', lane: 'jobs', until: 77 });
  });
  it('a turn that runs where it came in has a lease and no lane entry, until it ends', () => {
    const direct: JobEvent = { ...started, direct: true };
    const turn: JobEvent = { ...submitted, kind: 'turn' };
    assert.deepEqual(changeAfter([], turn, direct), { kind: 'lease', lane: 'jobs' });
    assert.deepEqual(changeAfter([turn, direct], { type: 'CancelRequested', at: 1, by: 'x' }), {
      kind: 'none',
    });
    assert.deepEqual(changeAfter([turn, direct], { type: 'JobCancelled', at: 1 }), {
      kind: 'remove',
      lane: 'jobs',
    });
  });
  it('an ended job leaves, from wherever it waited', () => {
    const gone = { kind: 'remove', lane: 'jobs' };
    const parked: JobEvent = { type: 'AttemptParked', at: 1, until: 77, ...failure };
    assert.deepEqual(changeAfter([submitted], { type: 'JobExpired', at: 1 }), gone);
    assert.deepEqual(changeAfter([submitted, started], { type: 'JobSucceeded', at: 1, attempt: 1 }), gone);
    assert.deepEqual(changeAfter([submitted, started, parked], { type: 'JobCancelled', at: 1 }), gone);
  });
});

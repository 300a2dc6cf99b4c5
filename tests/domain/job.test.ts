import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { decide, firstStart, type JobCommand } from '../../src/domain/decide.js';
import { AgenticoreError, type ErrorCode } from '../../src/domain/errors.js';
import { evolve, type Job } from '../../src/domain/job.js';
import type { JobEvent, JobOrder } from '../../src/domain/job-event.js';

const T0 = 1_700_000_000_000;
const JOB = '11111111-1111-4111-8111-111111111111';

const order: JobOrder = {
  task: 'make the test pass',
  profile: 'code',
  lane: 'jobs',
  mode: 'fire_and_forget',
  queueTtlS: 100,
  ttlS: 86_400,
  maxAttempts: 3,
  backoffS: 10,
};

const submitted: Extract<JobEvent, { type: 'JobSubmitted' }> = {
  type: 'JobSubmitted',
  at: T0,
  jobId: JOB,
  kind: 'task',
  order,
};
const started = (attempt = 1, at = T0 + 1000): Extract<JobEvent, { type: 'AttemptStarted' }> => ({
  type: 'AttemptStarted',
  at,
  attempt,
  worker: 'w1',
  host: 'h1',
});
const turn: JobEvent = { ...submitted, kind: 'turn' };
const direct: JobEvent = { ...started(), direct: true };
const cancelRequested: JobEvent = { type: 'CancelRequested', at: T0 + 2000, by: 'api' };
const succeeded: JobEvent = { type: 'JobSucceeded', at: T0 + 3000, attempt: 1 };

const start: JobCommand = { type: 'StartAttempt', worker: 'w2', host: 'h2' };
const cancel: JobCommand = { type: 'RequestCancel', by: 'api' };
const endWith = (
  outcome: Extract<JobCommand, { type: 'EndAttempt' }>['outcome'],
  attempt = 1,
): JobCommand => ({
  type: 'EndAttempt',
  attempt,
  outcome,
  jitter: 0,
});

const fold = (...events: JobEvent[]): Job | undefined => events.reduce<Job | undefined>(evolve, undefined);
const stateOf = (...events: JobEvent[]): Job => {
  const job = fold(...events);
  assert.ok(job);
  return job;
};

/** given events, when a command arrives at a time, then these events follow. */
function given(...events: JobEvent[]) {
  return {
    when(command: JobCommand, now = T0 + 5000) {
      const act = (): readonly JobEvent[] => decide(command, fold(...events), now);
      return {
        gives: (...expected: Partial<JobEvent>[]): void => {
          const actual = act();
          assert.deepEqual(
            actual.map((event) => event.type),
            expected.map((event) => event.type),
          );
          for (const [index, event] of expected.entries())
            assert.deepEqual({ ...actual[index], ...event }, actual[index]);
        },
        refused: (code: ErrorCode): void => {
          assert.throws(act, (error) => error instanceof AgenticoreError && error.code === code);
        },
      };
    },
  };
}

describe('a job that waits', () => {
  it('begins with its order', () => {
    given()
      .when({ type: 'SubmitJob', jobId: JOB, kind: 'task', order }, T0)
      .gives({ type: 'JobSubmitted', at: T0 });
  });
  it('cannot be submitted twice', () => {
    given(submitted).when({ type: 'SubmitJob', jobId: JOB, kind: 'task', order }).refused('STALE_ATTEMPT');
  });
  it('starts its first attempt when it is claimed', () => {
    given(submitted).when(start).gives({ type: 'AttemptStarted', attempt: 1, worker: 'w2' });
    assert.deepEqual(decide(start, fold(submitted), T0 + 1), [firstStart(start.worker, start.host, T0 + 1)]);
  });
  it('is cancelled at once', () => {
    given(submitted).when(cancel).gives({ type: 'CancelRequested' }, { type: 'JobCancelled' });
  });
  it('expires when it waited longer than its queue ttl, not before', () => {
    given(submitted)
      .when({ type: 'ExpireJob' }, T0 + 100_000)
      .gives();
    given(submitted)
      .when({ type: 'ExpireJob' }, T0 + 100_001)
      .gives({ type: 'JobExpired' });
  });
  it('is not started once it has expired', () => {
    given(submitted)
      .when(start, T0 + 100_001)
      .gives({ type: 'JobExpired' });
  });
  it('takes no report of an attempt', () => {
    given(submitted).when({ type: 'ReportProgress', attempt: 1, facts: [] }).refused('STALE_ATTEMPT');
  });
});

describe('a job that runs', () => {
  it('records what its attempt reports', () => {
    given(submitted, started())
      .when({
        type: 'ReportProgress',
        attempt: 1,
        facts: [{ type: 'CommitReady', oid: 'abc', leftUncommitted: true }],
      })
      .gives({ type: 'CommitReady', attempt: 1, oid: 'abc' });
  });
  it('refuses a report of an earlier attempt', () => {
    const lost: JobEvent = {
      type: 'AttemptLost',
      at: T0 + 2000,
      attempt: 1,
      worker: 'w1',
      code: 'WORKER_LOST',
      error: '',
    };
    given(submitted, started(), lost, started(2))
      .when(endWith({ kind: 'succeeded' }, 1))
      .refused('STALE_ATTEMPT');
  });
  it('succeeds', () => {
    given(submitted, started())
      .when(endWith({ kind: 'succeeded' }))
      .gives({ type: 'JobSucceeded', attempt: 1 });
  });
  it('fails at once for what a retry cannot mend', () => {
    given(submitted, started())
      .when(endWith({ kind: 'failed', code: 'CLAUDE_AUTH_FAILED', error: 'mend the key' }))
      .gives({ type: 'JobFailed', code: 'CLAUDE_AUTH_FAILED', error: 'mend the key' });
  });
  it('is tried again, later, for what may pass', () => {
    given(submitted, started())
      .when(endWith({ kind: 'failed', code: 'CLAUDE_CRASHED', error: 'gone' }), T0 + 5000)
      .gives({ type: 'AttemptFailed', code: 'CLAUDE_CRASHED', retryAt: T0 + 15_000 });
  });
  it('fails when the last attempt failed', () => {
    const failed = (attempt: number): JobEvent => ({
      type: 'AttemptFailed',
      at: T0,
      attempt,
      code: 'CLAUDE_CRASHED',
      error: 'gone',
      retryAt: T0,
    });
    given(submitted, started(1), failed(1), started(2), failed(2), started(3))
      .when(endWith({ kind: 'failed', code: 'CLAUDE_CRASHED', error: 'gone' }, 3))
      .gives({ type: 'JobFailed', code: 'CLAUDE_CRASHED', exhausted: true });
  });
  it('is marked as exhausted only when its attempts are what it lacked', () => {
    const failed = endWith({ kind: 'failed', code: 'CLAUDE_ERROR', error: 'no' });
    const [event] = decide(failed, stateOf(submitted, started()), T0 + 5000);
    assert.ok(event?.type === 'JobFailed' && !('exhausted' in event));
    assert.ok(!('exhausted' in evolve(stateOf(submitted, started()), event)));
    assert.equal(evolve(stateOf(submitted, started()), { ...event, exhausted: true }).exhausted, true);
  });
  it('is parked for a usage limit, and no attempt is burned', () => {
    const limit = {
      kind: 'failed',
      code: 'CLAUDE_USAGE_LIMIT',
      error: 'later',
      resetsAt: T0 + 99_000,
    } as const;
    given(submitted, started())
      .when(endWith(limit))
      .gives({ type: 'AttemptParked', until: T0 + 99_000 });
    const parked: JobEvent = {
      type: 'AttemptParked',
      at: T0 + 5000,
      attempt: 1,
      code: 'CLAUDE_USAGE_LIMIT',
      error: '',
      until: T0 + 99_000,
    };
    const job = stateOf(submitted, started(), parked);
    assert.equal(job.status, 'queued');
    assert.equal(job.attemptsUsed, 0);
    assert.equal(job.attempt, 1);
    assert.equal(job.nextAttemptAt, T0 + 99_000);
  });
  it('does not let parked time count as waiting', () => {
    const parked: JobEvent = {
      type: 'AttemptParked',
      at: T0 + 5000,
      attempt: 1,
      code: 'CLAUDE_USAGE_LIMIT',
      error: '',
      until: T0 + 900_000,
    };
    given(submitted, started(), parked)
      .when({ type: 'ExpireJob' }, T0 + 900_000)
      .gives();
    given(submitted, started(), parked)
      .when({ type: 'ExpireJob' }, T0 + 900_000 + 99_001)
      .gives({ type: 'JobExpired' });
  });
  it('is handed back by a worker that leaves, and no attempt is burned', () => {
    given(submitted, started())
      .when(endWith({ kind: 'handed-back' }))
      .gives({ type: 'AttemptHandedBack' });
    assert.equal(
      stateOf(submitted, started(), { type: 'AttemptHandedBack', at: T0, attempt: 1, worker: 'w1' })
        .attemptsUsed,
      0,
    );
  });
  it('is asked to stop once, however often somebody cancels', () => {
    given(submitted, started()).when(cancel).gives({ type: 'CancelRequested' });
    given(submitted, started(), cancelRequested).when(cancel).gives();
  });
  it('does not expire', () => {
    given(submitted, started())
      .when({ type: 'ExpireJob' }, T0 + 1e9)
      .gives();
  });
});

describe('a job that is claimed while the usage limit lasts', () => {
  const park: JobCommand = { type: 'ParkJob', until: T0 + 99_000, jitter: 0 };
  const parked: JobEvent = {
    type: 'JobParked',
    at: T0 + 60_000,
    code: 'CLAUDE_USAGE_LIMIT',
    error: '',
    until: T0 + 99_000,
  };
  it('is parked without an attempt', () => {
    given(submitted)
      .when(park)
      .gives({ type: 'JobParked', until: T0 + 99_000, code: 'CLAUDE_USAGE_LIMIT' });
    const job = stateOf(submitted, parked);
    assert.deepEqual([job.status, job.attempt, job.attemptsUsed], ['queued', 0, 0]);
    assert.equal(job.nextAttemptAt, T0 + 99_000);
  });
  it('keeps the time it has waited, and its time in the queue stands still while it is parked', () => {
    const expire: JobCommand = { type: 'ExpireJob' };
    given(submitted, parked)
      .when(expire, T0 + 99_000 + 40_000)
      .gives();
    given(submitted, parked)
      .when(expire, T0 + 99_000 + 40_001)
      .gives({ type: 'JobExpired' });
  });
  it('can be cancelled while it is parked', () => {
    given(submitted, parked).when(cancel).gives({ type: 'CancelRequested' }, { type: 'JobCancelled' });
  });
  it('is told that its last worker vanished, and that may have been the end of it', () => {
    given(submitted, started()).when(park).gives({ type: 'AttemptLost', attempt: 1 }, { type: 'JobParked' });
    given(submitted, started(), cancelRequested).when(park).gives({ type: 'JobCancelled' });
    given(submitted)
      .when(park, T0 + 100_001)
      .gives({ type: 'JobExpired' });
  });
});

describe('a job whose worker vanished', () => {
  it('is started again by whoever claims it', () => {
    given(submitted, started())
      .when(start)
      .gives(
        { type: 'AttemptLost', attempt: 1, code: 'WORKER_LOST' },
        { type: 'AttemptStarted', attempt: 2 },
      );
  });
  it('fails when that was its last attempt', () => {
    const single: JobEvent = {
      type: 'JobSubmitted',
      at: T0,
      jobId: JOB,
      kind: 'task',
      order: { ...order, maxAttempts: 1 },
    };
    given(single, started())
      .when(start)
      .gives({ type: 'JobFailed', code: 'ATTEMPTS_EXHAUSTED', exhausted: true });
  });
  it('is cancelled instead when that was asked for', () => {
    given(submitted, started(), cancelRequested).when(start).gives({ type: 'JobCancelled' });
  });
});

describe('after a cancel was requested', () => {
  for (const outcome of [
    { kind: 'succeeded' },
    { kind: 'handed-back' },
    { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'x' },
    { kind: 'failed', code: 'CLAUDE_USAGE_LIMIT', error: 'x' },
  ] as const) {
    it(`only cancelled follows, also when the attempt ${outcome.kind} ${'code' in outcome ? outcome.code : ''}`, () => {
      given(submitted, started(), cancelRequested).when(endWith(outcome)).gives({ type: 'JobCancelled' });
    });
  }
});

describe('an ended job', () => {
  const endings: JobEvent[] = [
    succeeded,
    { type: 'JobFailed', at: T0, attempt: 1, code: 'CLAUDE_ERROR', error: 'no' },
    { type: 'JobCancelled', at: T0 },
    { type: 'JobExpired', at: T0 },
  ];
  for (const ending of endings) {
    it(`stays as it is after ${ending.type}`, () => {
      const history = ending.type === 'JobExpired' ? [submitted, ending] : [submitted, started(), ending];
      given(...history)
        .when(cancel)
        .gives();
      given(...history)
        .when({ type: 'ExpireJob' }, T0 + 1e9)
        .gives();
      given(...history)
        .when(start)
        .refused('JOB_ENDED');
      given(...history)
        .when(endWith({ kind: 'succeeded' }))
        .refused('JOB_ENDED');
      given(...history)
        .when({ type: 'ReportProgress', attempt: 1, facts: [] })
        .refused('JOB_ENDED');
    });
  }
});

describe('what an ended job says of its end', () => {
  const failed: JobEvent = {
    ...{ type: 'AttemptFailed', at: T0 + 2000, attempt: 1, retryAt: T0 + 9000 },
    ...{ code: 'CLAUDE_CRASHED', error: 'claude ended without a result (exit code 3).' },
  };

  it('that it waited too long, and what it was that it waited for a retry of', () => {
    const unstarted = stateOf(submitted, { type: 'JobExpired', at: T0 + 200_000 });
    assert.deepEqual(
      [unstarted.code, unstarted.error],
      ['QUEUE_EXPIRED', 'The job waited longer than its queue_ttl_seconds.'],
    );
    const tried = stateOf(submitted, started(), failed, { type: 'JobExpired', at: T0 + 200_000 });
    assert.equal(
      tried.error,
      'The job waited longer than its queue_ttl_seconds. Its last attempt: claude ended without a result (exit code 3).',
    );
  });

  it('nothing of the attempt before when somebody cancelled it', () => {
    const job = stateOf(submitted, started(), failed, cancelRequested, {
      type: 'JobCancelled',
      at: T0 + 4000,
    });
    assert.deepEqual([job.code, job.error], ['CANCELLED', undefined]);
  });
});

describe('a job nobody knows', () => {
  it('refuses every command but its submission', () => {
    for (const command of [start, cancel, endWith({ kind: 'succeeded' }), { type: 'ExpireJob' } as const]) {
      given().when(command).refused('JOB_NOT_FOUND');
    }
  });
});

describe('the state of a job', () => {
  it('adds up money and turns of all attempts and forgets the error of an earlier one when it succeeds', () => {
    const finished = (attempt: number): JobEvent => ({
      type: 'ClaudeFinished',
      at: T0,
      attempt,
      exitCode: 0,
      costUsd: 0.25,
      numTurns: 3,
      transcript: { count: 5, head: 'h' },
    });
    const failed: JobEvent = {
      type: 'AttemptFailed',
      at: T0,
      attempt: 1,
      code: 'MODEL_OVERLOADED',
      error: 'busy',
      retryAt: T0 + 1,
    };
    const job = stateOf(submitted, started(1), finished(1), failed, started(2), finished(2), {
      ...succeeded,
      attempt: 2,
    } as JobEvent);
    assert.equal(job.costUsd, 0.5);
    assert.equal(job.numTurns, 6);
    assert.equal(job.attempt, 2);
    assert.equal(job.attemptsUsed, 2);
    assert.equal(job.error, undefined);
    assert.equal(job.code, undefined);
    assert.equal(job.version, 7);
  });
});

describe('the event that ends a job', () => {
  const transcript = { count: 5, head: 'h' };
  const finished: JobEvent = {
    type: 'ClaudeFinished',
    at: T0,
    attempt: 1,
    exitCode: 0,
    costUsd: 0,
    numTurns: 1,
    transcript,
  };
  it('repeats the seal of its transcript, however the job ends', () => {
    const failed = endWith({ kind: 'failed', code: 'CLAUDE_ERROR', error: 'no' });
    given(submitted, started(), finished)
      .when(endWith({ kind: 'succeeded' }))
      .gives({ type: 'JobSucceeded', transcript });
    given(submitted, started(), finished).when(failed).gives({ type: 'JobFailed', transcript });
    given(submitted, started(), cancelRequested, finished)
      .when(failed)
      .gives({ type: 'JobCancelled', transcript });
  });
});

describe('a turn', () => {
  const transcript = { count: 3, head: 'abc' };
  const finished: JobEvent = {
    type: 'ClaudeFinished',
    at: T0 + 2000,
    attempt: 1,
    exitCode: 0,
    costUsd: 0.1,
    numTurns: 1,
    transcript,
  };
  const submit = { type: 'SubmitJob', jobId: JOB, kind: 'turn', order } as const;
  const lose: JobCommand = { type: 'LoseAttempt', attempt: 1 };

  it('that runs where it came in begins with its attempt', () => {
    const events = decide({ ...submit, start: { worker: 'w1', host: 'h1' } }, undefined, T0);
    assert.deepEqual(events, [turn, { ...started(1, T0), direct: true }]);
    const job = stateOf(...events);
    assert.deepEqual([job.status, job.attempt, job.direct, job.version], ['running', 1, true, 2]);
    assert.equal(stateOf(turn, started()).direct, undefined);
  });
  it('that waits in the lane is started by whoever claims it', () => {
    given().when(submit).gives({ type: 'JobSubmitted', kind: 'turn' });
    given(turn).when(start).gives({ type: 'AttemptStarted', attempt: 1, worker: 'w2' });
    given(turn)
      .when(start, T0 + 100_001)
      .gives({ type: 'JobExpired' });
  });
  for (const [how, attempt] of [
    ['direct', direct],
    ['claimed', started()],
  ] as const) {
    it(`is never tried again (${how})`, () => {
      for (const code of ['CLAUDE_CRASHED', 'MODEL_OVERLOADED', 'BUS_UNREACHABLE', 'CLAUDE_ERROR'] as const) {
        const [event, ...more] = decide(
          endWith({ kind: 'failed', code, error: 'gone' }),
          stateOf(turn, attempt, finished),
          T0 + 5000,
        );
        assert.deepEqual(event, {
          type: 'JobFailed',
          at: T0 + 5000,
          attempt: 1,
          code,
          error: 'gone',
          transcript,
        });
        assert.deepEqual(more, []);
      }
    });
    it(`says when a usage limit opens again, if that is known (${how})`, () => {
      const limit = { kind: 'failed', code: 'CLAUDE_USAGE_LIMIT', error: 'Limit.' } as const;
      const error = 'Limit. It opens again at 2023-11-14T22:13:20.000Z.';
      given(turn, attempt)
        .when(endWith({ ...limit, resetsAt: T0 }))
        .gives({ type: 'JobFailed', code: 'CLAUDE_USAGE_LIMIT', error });
      for (const unknown of [{}, { resetsAt: Number.NaN }, { resetsAt: 1e300 }])
        given(turn, attempt)
          .when(endWith({ ...limit, ...unknown }))
          .gives({ type: 'JobFailed', error: 'Limit.' });
    });
    it(`fails when its worker leaves, unless it was to be cancelled (${how})`, () => {
      const left = endWith({ kind: 'handed-back' });
      given(turn, attempt, finished).when(left).gives({ type: 'JobFailed', code: 'DRAINING', transcript });
      given(turn, attempt, cancelRequested).when(left).gives({ type: 'JobCancelled' });
    });
    it(`fails when its worker was lost, and is no dead letter (${how})`, () => {
      given(turn, attempt, finished)
        .when(start)
        .gives({ type: 'JobFailed', code: 'WORKER_LOST', attempt: 1, transcript });
      const [event] = decide(start, stateOf(turn, attempt), T0 + 5000);
      assert.ok(event?.type === 'JobFailed' && !('exhausted' in event));
      given(turn, attempt, cancelRequested).when(start).gives({ type: 'JobCancelled' });
    });
  }
  it('fails when the usage limit is known before it starts', () => {
    const park: JobCommand = { type: 'ParkJob', until: T0 + 99_000, jitter: 0 };
    given(turn).when(park).gives({ type: 'JobFailed', code: 'CLAUDE_USAGE_LIMIT', attempt: 0 });
    assert.match(JSON.stringify(decide(park, stateOf(turn), T0)), /was not started.*2023-11-14T22:14:59/);
    given(turn, started()).when(park).gives({ type: 'JobFailed', code: 'WORKER_LOST' });
  });
  it('is lost when its lease has lapsed, if that attempt is still the current one and has a lease', () => {
    given(turn, direct, finished).when(lose).gives({ type: 'JobFailed', code: 'WORKER_LOST', transcript });
    given(turn, direct, cancelRequested).when(lose).gives({ type: 'JobCancelled' });
    given(turn, direct).when({ type: 'LoseAttempt', attempt: 2 }).refused('STALE_ATTEMPT');
    given(turn, direct, succeeded).when(lose).refused('JOB_ENDED');
    given(turn, started()).when(lose).refused('STALE_ATTEMPT');
    given(turn).when(lose).refused('STALE_ATTEMPT');
    given(submitted, started()).when(lose).refused('STALE_ATTEMPT');
  });
});

describe('docs/job-states.md', () => {
  it('draws exactly the transitions that decide makes', async () => {
    const drawn = new Set(
      (await readFile('docs/job-states.md', 'utf8')).split('\n').flatMap((line) => {
        const arrow = /^\s*(\w+|\[\*\]) --> (\w+): (\w+)$/.exec(line);
        return arrow ? [`${arrow[1]} --> ${arrow[2]}: ${arrow[3]}`] : [];
      }),
    );
    assert.deepEqual([...drawn].sort(), [...everyTransition()].sort());
  });
});

/** Walks from every state with every command, and notes each change of status with the event that made it. */
function everyTransition(): Set<string> {
  const commands: JobCommand[] = [
    { type: 'SubmitJob', jobId: JOB, kind: 'task', order },
    start,
    cancel,
    { type: 'ExpireJob' },
    { type: 'ParkJob', until: T0 + 99_000, jitter: 0 },
    { type: 'LoseAttempt', attempt: 1 },
    { type: 'SubmitJob', jobId: JOB, kind: 'turn', order, start: { worker: 'w1', host: 'h1' } },
    ...(['succeeded', 'handed-back'] as const).map((kind) => endWith({ kind })),
    ...(['CLAUDE_CRASHED', 'CLAUDE_USAGE_LIMIT', 'CLAUDE_ERROR'] as const).map((code) =>
      endWith({ kind: 'failed', code, error: 'x' }),
    ),
  ];
  const single: JobOrder = { ...order, maxAttempts: 1 };
  const histories: JobEvent[][] = [
    [],
    [submitted],
    [submitted, started()],
    [submitted, started(), cancelRequested],
    [{ type: 'JobSubmitted', at: T0, jobId: JOB, kind: 'task', order: single }, started()],
    [submitted, started(), succeeded],
    [turn],
    [turn, started()],
    [turn, direct],
  ];
  const seen = new Set<string>();
  for (const history of histories) {
    for (const command of commands) {
      for (const now of [T0 + 5000, T0 + 1e9]) noteTransitions(seen, history, command, now);
    }
  }
  return seen;
}

function noteTransitions(seen: Set<string>, history: JobEvent[], command: JobCommand, now: number): void {
  let job = fold(...history);
  let events: readonly JobEvent[] = [];
  try {
    events = decide(command, job, now);
  } catch (error) {
    assert.ok(error instanceof AgenticoreError);
  }
  for (const event of events) {
    const before = job?.status ?? '[*]';
    job = evolve(job, event);
    // Parking a job that waits is drawn too, though it goes on waiting.
    if (job.status !== before || event.type === 'JobParked')
      seen.add(`${before} --> ${job.status}: ${event.type}`);
  }
}

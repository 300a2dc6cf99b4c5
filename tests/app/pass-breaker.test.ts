import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { cancelJob } from '../../src/app/inspect-jobs.js';
import { runAttempt } from '../../src/app/run-attempt.js';
import { AgenticoreError } from '../../src/domain/errors.js';
import type { Job } from '../../src/domain/job.js';
import type { Claim } from '../../src/ports/command-queue.js';
import { startAttempt, submit } from '../support/ledger.js';
import { type Act, report, type Setting, type Stage, setStage } from './doubles.js';

const never = new AbortController().signal;
const stages: Stage[] = [];

afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close();
});

const calm = { ...systemClock, random: () => 0 };

async function stageWith(setting: Setting = {}): Promise<Stage> {
  const stage = await setStage({ ...setting, over: { clock: calm, ...setting.over } });
  stages.push(stage);
  return stage;
}

async function claimNew(stage: Stage): Promise<Claim> {
  await submit(stage.bus.events);
  return claimNext(stage);
}

async function claimNext(stage: Stage): Promise<Claim> {
  const claim = await stage.bus.queue.claim('jobs', 'worker-1', never);
  assert.ok(claim);
  return claim;
}

async function jobOf(stage: Stage, { jobId }: Claim): Promise<Job> {
  const stored = await stage.bus.events.load(jobId);
  assert.ok(stored);
  return stored.job;
}

const typesOf = async (stage: Stage, { jobId }: Claim): Promise<string[]> =>
  (await stage.bus.events.read(jobId)).map((record) => record.type);

const meetLimit =
  (resetsAt: number): Act =>
  async (_order, listener) => {
    listener.started(4711);
    await listener.message(spoken({ error: 'rate_limit' }));
    return { kind: 'failed', code: 'CLAUDE_USAGE_LIMIT', error: 'used up', resetsAt, ...report };
  };

const spoken = (more: Record<string, unknown> = {}) => {
  const message = { type: 'assistant', message: { content: [] }, ...more };
  return { type: 'assistant', message, line: JSON.stringify(message) };
};

describe('the usage limit of a credential', () => {
  it('keeps the next job from starting: it leaves the lane and no attempt is counted', async () => {
    const resetsAt = Date.now() + 3_600_000;
    const stage = await stageWith({ act: meetLimit(resetsAt) });
    const first = await claimNew(stage);
    await runAttempt(stage.deps, first, never);
    const second = await claimNew(stage);
    await runAttempt(stage.deps, second, never);

    assert.equal(stage.orders.length, 1, 'claude was started for the first one only');
    assert.deepEqual(await typesOf(stage, second), ['JobSubmitted', 'JobParked']);
    const job = await jobOf(stage, second);
    assert.deepEqual(
      [job.status, job.attempt, job.attemptsUsed, job.nextAttemptAt],
      ['queued', 0, 0, resetsAt],
    );
    assert.deepEqual(await stage.bus.queue.depth('jobs'), { waiting: 0, running: 0 });
  });

  it('is no concern of a worker with another credential', async () => {
    const stage = await stageWith();
    await stage.bus.breaker.open('another', Date.now() + 3_600_000);
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    assert.equal((await jobOf(stage, claim)).status, 'succeeded');
  });

  it('is found to be over by one job, whose first answer lets the others through', async () => {
    const stage = await stageWith({
      act: async (_order, listener) => {
        listener.started(4711);
        await listener.message(spoken({ error: 'server_error' }));
        assert.equal((await stage.bus.breaker.pass('c0ffee', 1)).kind, 'open', 'an error is no answer');
        await listener.message(spoken());
        assert.equal((await stage.bus.breaker.pass('c0ffee', 1)).kind, 'closed');
        return { kind: 'succeeded', ...report };
      },
    });
    await stage.bus.breaker.open('c0ffee', Date.now() - 1);
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    assert.equal((await jobOf(stage, claim)).status, 'succeeded');
  });

  it('that lasts after all is waited for again', async () => {
    const later = Date.now() + 3_600_000;
    const stage = await stageWith({ act: meetLimit(later) });
    await stage.bus.breaker.open('c0ffee', Date.now() - 1);
    await runAttempt(stage.deps, await claimNew(stage), never);
    assert.deepEqual(await stage.bus.breaker.pass('c0ffee', 1), { kind: 'open', until: later });
  });

  it('does not keep a person from cancelling what it parked', async () => {
    const stage = await stageWith();
    await stage.bus.breaker.open('c0ffee', Date.now() + 3_600_000);
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    await cancelJob(stage.deps, claim.jobId, 'a person');
    assert.equal((await jobOf(stage, claim)).status, 'cancelled');
    assert.equal(await stage.bus.queue.promoteDue(9), 0);
  });

  it('drops the entry of a job that was cancelled before it could be parked', async () => {
    const stage = await stageWith();
    await stage.bus.breaker.open('c0ffee', Date.now() + 3_600_000);
    const claim = await claimNew(stage);
    await cancelJob(stage.deps, claim.jobId, 'a person');
    await runAttempt(stage.deps, claim, never);
    assert.deepEqual(await typesOf(stage, claim), ['JobSubmitted', 'CancelRequested', 'JobCancelled']);
  });

  it('does not let a worker that lost its claim park what another one runs', async () => {
    const stage = await stageWith();
    await stage.bus.breaker.open('c0ffee', Date.now() + 3_600_000);
    const claim = await claimNew(stage);
    await claim.release();
    const other = await claimNext(stage);
    await startAttempt(stage.bus.events, other.jobId);
    await runAttempt(stage.deps, claim, never);
    assert.equal((await jobOf(stage, claim)).status, 'running');
  });

  it('is met by an attempt also when the bus does not take the news', async () => {
    const stage = await stageWith({ act: meetLimit(Date.now() + 3_600_000) });
    const away = async () => {
      throw new AgenticoreError('BUS_UNREACHABLE');
    };
    const deps = { ...stage.deps, breaker: { ...stage.bus.breaker, open: away } };
    const claim = await claimNew(stage);
    await runAttempt(deps, claim, never);
    assert.deepEqual((await typesOf(stage, claim)).at(-1), 'AttemptParked');
  });
});

// An attempt that goes on where the one before was cut short, or starts afresh, and what becomes of the worktree.
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { cancelJob, getJob } from '../../src/app/inspect-jobs.js';
import { runAttempt } from '../../src/app/run-attempt.js';
import type { ErrorCode } from '../../src/domain/errors.js';
import type { Claim } from '../../src/ports/command-queue.js';
import { eventually } from '../support/eventually.js';
import { submit } from '../support/ledger.js';
import {
  type Act,
  report,
  type Setting,
  type Stage,
  setStage,
  succeed,
  workUntilStopped,
} from './doubles.js';

const never = new AbortController().signal;
const stages: Stage[] = [];
const repoUrl = 'https://git.example/acme/shop.git';
const session = '/jobs/j/claude/projects/w/s.jsonl';

afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close();
});

const failWith =
  (code: ErrorCode): Act =>
  async (_order, listener) => {
    listener.started(4711);
    return { kind: 'failed', code, error: code, ...report };
  };

/** A stage whose claude does one thing after the other, the last one for ever. */
async function stageOf(acts: readonly Act[], setting: Setting = {}): Promise<Stage> {
  let turn = 0;
  const act: Act = (...call) => {
    const next = acts[Math.min(turn, acts.length - 1)] ?? succeed;
    turn += 1;
    return next(...call);
  };
  const stage = await setStage({ session, ...setting, act });
  stages.push(stage);
  return stage;
}

async function claimNew(stage: Stage, maxAttempts = 5): Promise<Claim> {
  await submit(stage.bus.events, { order: { repoUrl, backoffS: 0, maxAttempts } });
  return claimAgain(stage);
}

async function claimAgain(stage: Stage): Promise<Claim> {
  await stage.bus.queue.promoteDue(10);
  return (await stage.bus.queue.claim('jobs', 'worker-1', never)) ?? assert.fail('nothing to claim');
}

/** Runs attempts until the job has ended. */
async function runAll(stage: Stage): Promise<string> {
  const { jobId } = await claimNew(stage).then(async (claim) => {
    await runAttempt(stage.deps, claim, never);
    return claim;
  });
  while ((await jobOf(stage, jobId)).status === 'queued')
    await runAttempt(stage.deps, await claimAgain(stage), never);
  return jobId;
}

const jobOf = async (stage: Stage, jobId: string) => (await getJob(stage.bus.events, jobId)).job;

async function course(stage: Stage, jobId: string): Promise<readonly string[]> {
  return (await stage.bus.events.read(jobId)).flatMap((record) => {
    if (record.type === 'WorkspaceOpened') return [record.kept ? 'kept' : 'fresh'];
    if (record.type === 'ClaudeStarted') return [record.resumed ? 'resumed' : 'new'];
    return [];
  });
}

describe('an attempt after one that was cut short', () => {
  it('resumes its session in its worktree, with a word on what happened', async () => {
    const stage = await stageOf([failWith('MODEL_OVERLOADED'), succeed]);
    const jobId = await runAll(stage);
    assert.deepEqual(await course(stage, jobId), ['fresh', 'new', 'kept', 'resumed']);
    const branch = `agenticore-${jobId}`;
    assert.deepEqual(stage.deeds, [
      `open ${branch}`,
      'keep',
      `open ${branch} of attempt 1`,
      'commit',
      'push',
      'close',
    ]);
    const [first, second] = stage.orders;
    assert.deepEqual([second?.resumeFrom, second?.sessionId], [session, first?.sessionId]);
    assert.match(second?.task ?? '', /You were interrupted/);
    assert.ok(second?.task.endsWith(`\n\n${first?.task}`));
    const job = await jobOf(stage, jobId);
    assert.deepEqual([job.resumed, job.unfinished, job.costUsd], [true, undefined, 0.2]);
  });

  const reasons: Readonly<Record<string, Setting>> = {
    'its session is not here': { session: undefined },
    'its worktree is not fit': { isKept: false },
    'it may still run': { isSwept: false },
  };
  for (const [why, setting] of Object.entries(reasons)) {
    it(`starts afresh when ${why}`, async () => {
      const stage = await stageOf([failWith('MODEL_OVERLOADED'), succeed], setting);
      const jobId = await runAll(stage);
      assert.deepEqual(await course(stage, jobId), ['fresh', 'new', 'fresh', 'new']);
      const [first, second] = stage.orders;
      assert.equal(second?.task, first?.task);
      assert.equal(second?.resumeFrom, undefined);
      assert.notEqual(second?.sessionId, first?.sessionId);
    });
  }

  it('starts afresh on a clean bench after a failure that speaks against the session', async () => {
    const stage = await stageOf([failWith('WORKSPACE_FAILED'), succeed]);
    const jobId = await runAll(stage);
    assert.deepEqual(await course(stage, jobId), ['fresh', 'new', 'fresh', 'new']);
    assert.equal(stage.deeds[1], 'close');
  });

  for (const code of ['SESSION_NOT_FOUND', 'CLAUDE_BAD_REQUEST'] as const) {
    it(`is not the end of the job when its resumed session meets ${code}`, async () => {
      const stage = await stageOf([failWith('MODEL_OVERLOADED'), failWith(code), succeed]);
      const jobId = await runAll(stage);
      assert.deepEqual(await course(stage, jobId), ['fresh', 'new', 'kept', 'resumed', 'fresh', 'new']);
      assert.equal((await jobOf(stage, jobId)).status, 'succeeded');
      const third = (await stage.bus.events.read(jobId)).filter(({ type }) => type === 'AttemptFailed')[1];
      assert.equal(third?.type === 'AttemptFailed' && third.code, 'SESSION_UNUSABLE');
    });
  }
});

describe('the worktree of an attempt that is not tried again', () => {
  it('is closed when it was the last attempt', async () => {
    const stage = await stageOf([failWith('MODEL_OVERLOADED')]);
    const claim = await claimNew(stage, 1);
    await runAttempt(stage.deps, claim, never);
    assert.equal((await jobOf(stage, claim.jobId)).status, 'failed');
    assert.equal(stage.deeds.at(-1), 'close');
  });

  it('is closed when the job was cancelled', async () => {
    const stage = await stageOf([workUntilStopped]);
    const claim = await claimNew(stage);
    const running = runAttempt(stage.deps, claim, never);
    await eventually('claude runs', async () => (await jobOf(stage, claim.jobId)).pid === 4711);
    await cancelJob(stage.deps, claim.jobId, 'test');
    await running;
    assert.deepEqual(stage.deeds.slice(1), ['close']);
  });

  it('is closed when a cancel comes in while the attempt fails', async () => {
    const stage = await stageOf([
      async (order, listener) => {
        listener.started(4711);
        await cancelJob(stage.deps, order.tag.split('.')[0] ?? '', 'test');
        return { kind: 'failed', code: 'MODEL_OVERLOADED', error: '', ...report };
      },
    ]);
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    assert.equal((await jobOf(stage, claim.jobId)).status, 'cancelled');
    assert.equal(stage.deeds.at(-1), 'close');
  });

  it('is kept when the worker leaves', async () => {
    const stage = await stageOf([workUntilStopped, succeed]);
    const claim = await claimNew(stage);
    const leaving = new AbortController();
    const running = runAttempt(stage.deps, claim, leaving.signal);
    await eventually('claude runs', async () => (await jobOf(stage, claim.jobId)).pid === 4711);
    leaving.abort();
    await running;
    assert.deepEqual(stage.deeds.slice(1), ['keep']);
    await runAttempt(stage.deps, await claimAgain(stage), never);
    assert.deepEqual(await course(stage, claim.jobId), ['fresh', 'new', 'kept', 'resumed']);
  });
});

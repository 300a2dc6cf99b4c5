import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { verifyJob } from '../../src/app/admin/verify-job.js';
import { cancelJob, getJob } from '../../src/app/inspect-jobs.js';
import { runAttempt } from '../../src/app/run-attempt.js';
import { AgenticoreError } from '../../src/domain/errors.js';
import type { LedgerRecord } from '../../src/domain/evidence.js';
import type { Job } from '../../src/domain/job.js';
import type { JobOrder } from '../../src/domain/job-event.js';
import type { Claim } from '../../src/ports/command-queue.js';
import type { CommandEnd, CommandOrder } from '../../src/ports/programs.js';
import { eventually } from '../support/eventually.js';
import { sha256, submit } from '../support/ledger.js';
import { report, type Setting, type Stage, say, setStage, succeed } from './doubles.js';

const never = new AbortController().signal;
const repoUrl = 'https://git.example/acme/shop.git';
const stages: Stage[] = [];

afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close();
});

interface Told {
  readonly stage: Stage;
  readonly claim: Claim;
}

async function begin(setting: Setting, order: Partial<JobOrder> = {}): Promise<Told> {
  const stage = await setStage(setting);
  stages.push(stage);
  await submit(stage.bus.events, { order: { repoUrl, ...order } });
  const claim = await stage.bus.queue.claim('jobs', 'worker-1', never);
  assert.ok(claim);
  return { stage, claim };
}

async function run(setting: Setting, order: Partial<JobOrder> = {}): Promise<Told & { readonly job: Job }> {
  const told = await begin(setting, order);
  await runAttempt(told.stage.deps, told.claim, never);
  return { ...told, job: (await getJob(told.stage.bus.events, told.claim.jobId)).job };
}

const ledgerOf = ({ stage, claim }: Told): Promise<readonly LedgerRecord[]> =>
  stage.bus.events.read(claim.jobId);

const typesOf = async (told: Told): Promise<string[]> => (await ledgerOf(told)).map(({ type }) => type);

/** A command that fails as often as it is told to. */
function failing(times: number, output = 'not ok 1'): (order: CommandOrder) => Promise<CommandEnd> {
  let left = times;
  return async () => {
    left -= 1;
    return left >= 0
      ? { kind: 'exited', exitCode: 1, output }
      : { kind: 'exited', exitCode: 0, output: 'ok 1' };
  };
}

/** A second is long when it is the bus's that is away. */
const hurried: typeof systemClock.sleep = (ms, signal) => systemClock.sleep(Math.min(ms, 10), signal);

describe('a job whose profile verifies', () => {
  const verified = { profile: { verify: ['npm test'] } };

  it('lets Claude mend what fails in its own session, and pushes once it passes', async () => {
    const told = await run({ ...verified, command: failing(2) });
    const { stage, job, claim } = told;
    assert.deepEqual(await typesOf(told), [
      'JobSubmitted',
      'AttemptStarted',
      'WorkspaceOpened',
      ...['ClaudeStarted', 'ClaudeFinished', 'VerificationFinished'],
      ...['ClaudeStarted', 'ClaudeFinished', 'VerificationFinished'],
      ...['ClaudeStarted', 'ClaudeFinished', 'VerificationFinished'],
      'CommitReady',
      'BranchPushed',
      'JobSucceeded',
    ]);
    const rounds = (await ledgerOf(told)).filter((record) => record.type === 'VerificationFinished');
    assert.deepEqual(
      rounds.map(({ round, passed, output }) => [round, passed, output]),
      [
        [1, false, 'not ok 1'],
        [2, false, 'not ok 1'],
        [3, true, 'ok 1'],
      ],
    );
    const [first, second, third] = stage.orders;
    assert.equal(new Set(stage.orders.map(({ sessionId }) => sessionId)).size, 1, 'one session');
    assert.deepEqual([first?.resumeFrom, second?.resumeFrom], [undefined, first?.sessionId]);
    assert.match(second?.task ?? '', /`npm test` ended with exit code 1[\s\S]*not ok 1[\s\S]*2 times more/);
    assert.match(third?.task ?? '', /once more/);
    assert.deepEqual([job.status, job.numTurns, Math.round(job.costUsd * 10)], ['succeeded', 6, 3]);
    assert.deepEqual([job.verification?.passed, job.verification?.round], [true, 3]);
    assert.equal(stage.deeds.filter((deed) => deed === 'push').length, 1);
    const { checks } = await verifyJob(
      { bus: stage.bus, hash: sha256, readSession: async () => undefined },
      claim.jobId,
    );
    assert.deepEqual(
      checks.filter(({ result }) => result === 'broken'),
      [],
      'each seal is that of what was said until then',
    );
  });

  it('runs the commands on the work, in order, and undoes what they change in it', async () => {
    const { stage } = await run({ profile: { setup: ['npm ci'], verify: ['npm run lint', 'npm test'] } });
    assert.deepEqual(stage.deeds.slice(1), [
      ...['snapshot', 'run npm ci', 'restore'],
      ...['snapshot', 'run npm run lint', 'run npm test', 'restore'],
      ...['commit', 'push', 'close'],
    ]);
  });

  it('fails with what it found when Claude cannot mend it, and pushes nothing', async () => {
    const { stage, job } = await run({
      profile: { verify: ['npm test'], verify_attempts: 1 },
      command: failing(9),
    });
    assert.deepEqual([job.status, job.code, stage.orders.length], ['failed', 'VERIFY_FAILED', 2]);
    assert.match(job.error ?? '', /profile code: `npm test` ended with exit code 1 \(round 2\)/);
    assert.match(stage.orders[1]?.task ?? '', /verified once more/);
    assert.equal(stage.deeds.includes('push'), false);
    assert.equal(job.exhausted, undefined, 'another attempt would not help');
  });

  it('fails at the first finding when Claude may mend nothing', async () => {
    const { stage, job } = await run({
      profile: { verify: ['npm test'], verify_attempts: 0 },
      command: failing(1),
    });
    assert.deepEqual([job.code, stage.orders.length], ['VERIFY_FAILED', 1]);
  });

  it('is not verified when Claude itself has failed', async () => {
    const { stage, job } = await run({
      ...verified,
      act: async () => ({ kind: 'failed', code: 'CLAUDE_MAX_TURNS', error: 'too many', ...report }),
    });
    assert.equal(job.code, 'CLAUDE_MAX_TURNS');
    assert.equal(stage.deeds.includes('run npm test'), false);
  });

  it('shows no secret that a command says, to nobody', async () => {
    const told = await run({ ...verified, command: failing(1, `${'x'.repeat(20_000)}\nthe key is s3cret`) });
    const [found] = (await ledgerOf(told)).filter((record) => record.type === 'VerificationFinished');
    assert.ok(found?.type === 'VerificationFinished');
    assert.ok(found.output.length < 9000, 'the end of it is kept');
    assert.match(found.output, /^\.\.\.\n[\s\S]*the key is \[redacted\]$/);
    assert.equal(told.stage.orders[1]?.task.includes('s3cret'), false);
  });

  it('spends one budget and one deadline over all rounds', async () => {
    let now = 0;
    const clock = { ...systemClock, now: () => now };
    const { stage } = await run(
      {
        ...verified,
        command: async () => {
          now += 4000;
          return { kind: 'exited', exitCode: now > 4000 ? 0 : 1, output: '' };
        },
        over: { clock },
      },
      { maxBudgetUsd: 0.5, timeoutS: 10 },
    );
    assert.deepEqual(
      stage.orders.map(({ flags, timeoutMs }) => [flags['max-budget-usd'], timeoutMs]),
      [
        [0.5, 10_000],
        [0.4, 6000],
      ],
    );
  });

  it('ends at the deadline of the attempt, whatever still runs', async () => {
    const told = await run({
      ...verified,
      command: async () => ({ kind: 'timed_out', exitCode: null, output: 'waiting' }),
    });
    assert.equal(told.job.code, 'CLAUDE_TIMEOUT');
    assert.match(told.job.error ?? '', /while `npm test` ran/);
    assert.ok((await typesOf(told)).includes('VerificationFinished'), 'the ledger says what ran');
  });

  it('stops a command when it is cancelled, and leaves the work as Claude left it', async () => {
    const told = await begin({
      ...verified,
      command: (_order, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        }),
    });
    const { stage, claim } = told;
    const running = runAttempt(stage.deps, claim, never);
    await eventually('it is verified', async () => stage.deeds.includes('run npm test'));
    await cancelJob(stage.deps, claim.jobId, 'test');
    await running;
    assert.equal((await getJob(stage.bus.events, claim.jobId)).job.status, 'cancelled');
    assert.deepEqual(stage.deeds.slice(-3), ['run npm test', 'restore', 'close']);
  });

  it('is delivered without being verified again when only the push had failed', async () => {
    let isBroken = true;
    const told = await run(
      {
        ...verified,
        push: async () => {
          if (isBroken) throw new AgenticoreError('REPOSITORY_UNREACHABLE');
        },
      },
      { backoffS: 0 },
    );
    isBroken = false;
    const { stage } = told;
    await stage.bus.queue.promoteDue(10);
    const again = await stage.bus.queue.claim('jobs', 'worker-1', never);
    assert.ok(again);
    await runAttempt(stage.deps, again, never);
    const { job } = await getJob(stage.bus.events, told.claim.jobId);
    assert.deepEqual([job.status, job.attempt, job.verification?.passed], ['succeeded', 2, true]);
    assert.equal(stage.deeds.filter((deed) => deed === 'run npm test').length, 1);
  });

  it('costs what it cost, once, when the answer to a report is lost', async () => {
    const stage = await setStage({ ...verified, command: failing(1) });
    stages.push(stage);
    let finished = 0;
    const { events } = stage.bus;
    const append: typeof events.append = async (transition) => {
      const result = await events.append(transition);
      if (transition.records.some(({ type }) => type === 'ClaudeFinished')) finished += 1;
      if (finished !== 2) return result;
      finished += 1;
      throw new AgenticoreError('BUS_UNREACHABLE');
    };
    await submit(events, { order: { repoUrl } });
    const claim = await stage.bus.queue.claim('jobs', 'worker-1', never);
    assert.ok(claim);
    const clock = { ...systemClock, sleep: hurried };
    await runAttempt({ ...stage.deps, clock, events: { ...events, append } }, claim, never);
    const { job } = await getJob(events, claim.jobId);
    assert.deepEqual([job.status, job.numTurns, finished], ['succeeded', 4, 3]);
  });
});

describe('a job whose profile sets something up', () => {
  it('has it before Claude starts, without the credentials of the model', async () => {
    const orders: CommandOrder[] = [];
    const told = await run({
      profile: { setup: ['npm ci'] },
      command: async (order) => {
        orders.push(order);
        return { kind: 'exited', exitCode: 0, output: 'added 3 packages' };
      },
      act: async (order, listener, signal) => {
        assert.equal(orders.length, 1);
        await say(listener, 'Working.');
        return succeed(order, listener, signal);
      },
    });
    assert.equal(told.job.status, 'succeeded');
    assert.deepEqual(orders[0]?.env, { CITY: 'Bern' });
    assert.equal(orders[0]?.tag, `${told.job.id}.1`);
    const setup = (await ledgerOf(told)).find((record) => record.type === 'SetupFinished');
    assert.deepEqual(setup?.type === 'SetupFinished' && setup.output, 'added 3 packages');
  });

  it('fails with its own code when that fails, and Claude is never asked', async () => {
    const { stage, job } = await run({
      profile: { setup: ['npm ci', 'npm run build'] },
      command: failing(1, 'no network'),
    });
    assert.deepEqual([job.status, job.code, stage.orders.length], ['failed', 'SETUP_FAILED', 0]);
    assert.match(job.error ?? '', /`npm ci` ended with exit code 1/);
    assert.equal(stage.deeds.includes('run npm run build'), false);
  });
});

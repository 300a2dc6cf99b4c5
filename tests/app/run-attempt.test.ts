import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { cancelJob, getJob } from '../../src/app/inspect-jobs.js';
import { createLeases } from '../../src/app/loops/lease.js';
import { runAttempt } from '../../src/app/run-attempt.js';
import { submitAgain } from '../../src/app/submit-job.js';
import { AgenticoreError } from '../../src/domain/errors.js';
import { firstBreak, INLINE_LIMIT_BYTES } from '../../src/domain/evidence.js';
import type { Job } from '../../src/domain/job.js';
import type { JobOrder } from '../../src/domain/job-event.js';
import type { CodeHost, PullRequestOrder } from '../../src/ports/code-host.js';
import type { Claim } from '../../src/ports/command-queue.js';
import { eventually } from '../support/eventually.js';
import { sha256, startAttempt, submit } from '../support/ledger.js';
import { report, type Setting, type Stage, say, setStage, succeed, workUntilStopped } from './doubles.js';

const never = new AbortController().signal;
const stages: Stage[] = [];

afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close();
});

async function stageWith(setting: Setting = {}): Promise<Stage> {
  const stage = await setStage(setting);
  stages.push(stage);
  return stage;
}

const repoUrl = 'https://git.example/acme/shop.git';

async function claimNew(stage: Stage, order: Partial<JobOrder> = { repoUrl }): Promise<Claim> {
  await submit(stage.bus.events, { order });
  const claim = await stage.bus.queue.claim('jobs', 'worker-1', never);
  assert.ok(claim);
  return claim;
}

const typesOf = async (stage: Stage, jobId: string): Promise<string[]> =>
  (await stage.bus.events.read(jobId)).map((record) => record.type);

const jobOf = async (stage: Stage, jobId: string): Promise<Job> =>
  (await getJob(stage.bus.events, jobId)).job;

async function messagesOf(stage: Stage, jobId: string): Promise<Record<string, unknown>[]> {
  const { entries } = await stage.bus.feed.read({ kind: 'job', jobId }, undefined, 1000);
  return entries.filter((entry) => entry.kind === 'message').map((entry) => JSON.parse(entry.data));
}

describe('an attempt that goes well', () => {
  it('leaves every step in the ledger, the work on the branch and an empty lane', async () => {
    const stage = await stageWith();
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    assert.deepEqual(await typesOf(stage, claim.jobId), [
      'JobSubmitted',
      'AttemptStarted',
      'WorkspaceOpened',
      'ClaudeStarted',
      'ClaudeFinished',
      'CommitReady',
      'BranchPushed',
      'JobSucceeded',
    ]);
    const { job, answer } = await getJob(stage.bus.events, claim.jobId);
    assert.equal(job.status, 'succeeded');
    assert.equal(job.branch, `agenticore-${job.id}`);
    assert.equal(job.pushedOid, 'c0ffee');
    assert.equal(job.costUsd, 0.1);
    assert.equal(answer, 'It is done.');
    assert.deepEqual(stage.deeds, [`open agenticore-${job.id}`, 'commit', 'push', 'close']);
    assert.deepEqual(await stage.bus.queue.depth('jobs'), { waiting: 0, running: 0 });
    assert.equal(firstBreak(await stage.bus.events.read(job.id), sha256), undefined);
  });
  it('claims the next job with its end', async () => {
    const stage = await stageWith();
    const claim = await claimNew(stage, {});
    const waiting = await submit(stage.bus.events);
    const followed: string[] = [];
    await runAttempt(stage.deps, claim, never, {
      nextFor: () => ({ worker: 'worker-1' }),
      follow: (next) => void followed.push(next.jobId),
    });
    assert.deepEqual(followed, [waiting]);
    assert.deepEqual(await stage.bus.queue.depth('jobs'), { waiting: 0, running: 1 });
  });
  it('goes on when it has started with its claim', async () => {
    const stage = await stageWith();
    const claim = await claimNew(stage);
    const started = await startAttempt(stage.bus.events, claim.jobId);
    await runAttempt(stage.deps, { ...claim, started }, never);
    const types = await typesOf(stage, claim.jobId);
    assert.deepEqual(types.slice(0, 3), ['JobSubmitted', 'AttemptStarted', 'WorkspaceOpened']);
    assert.equal(types.at(-1), 'JobSucceeded');
  });
  it('says whether it has ended well when it asks for whom to claim', async () => {
    for (const [setting, well] of [
      [{}, true],
      [{ act: () => Promise.reject(new TypeError('it broke')) }, false],
    ] as const) {
      const stage = await stageWith(setting);
      const asked: boolean[] = [];
      const nextFor = (succeeded: boolean) => void asked.push(succeeded);
      await runAttempt(stage.deps, await claimNew(stage, {}), never, {
        nextFor,
        follow: () => assert.fail(),
      });
      assert.deepEqual(asked, [well]);
    }
  });
  it('claims nothing with its end when its worktree is still to be cleared', async () => {
    const stage = await stageWith();
    const claim = await claimNew(stage);
    await submit(stage.bus.events);
    await runAttempt(stage.deps, claim, never, {
      nextFor: () => ({ worker: 'worker-1' }),
      follow: () => assert.fail(),
    });
    assert.equal(stage.deeds.at(-1), 'close');
    assert.deepEqual(await stage.bus.queue.depth('jobs'), { waiting: 1, running: 0 });
  });
  it('claims nothing with its end when nobody is to follow', async () => {
    const stage = await stageWith();
    const claim = await claimNew(stage, {});
    await submit(stage.bus.events);
    await runAttempt(stage.deps, claim, never, { nextFor: () => undefined, follow: () => assert.fail() });
    assert.deepEqual(await stage.bus.queue.depth('jobs'), { waiting: 1, running: 0 });
  });
  it('works in an empty directory without a repository, and pushes nothing', async () => {
    const stage = await stageWith();
    const claim = await claimNew(stage, {});
    await runAttempt(stage.deps, claim, never);
    assert.equal((await jobOf(stage, claim.jobId)).status, 'succeeded');
    assert.deepEqual(stage.deeds, []);
    assert.equal(stage.orders[0]?.cwd, `/jobs/${claim.jobId}/cwd`);
  });
  it('pushes nothing when Claude changed nothing', async () => {
    const stage = await stageWith({ commitOid: undefined });
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    assert.equal((await jobOf(stage, claim.jobId)).status, 'succeeded');
    assert.deepEqual(stage.deeds.slice(1), ['commit', 'close']);
  });
  it("tells Claude where it works, the profile's instructions and the repository's own", async () => {
    const stage = await stageWith();
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    const prompt = stage.orders[0]?.appendSystemPrompt ?? '';
    for (const part of [claim.jobId, repoUrl, 'main', 'Work carefully.', 'Tabs, not spaces.'])
      assert.ok(prompt.includes(part), part);
    assert.equal(stage.orders[0]?.settingSources, 'user');
  });
  it('lets the order override the profile', async () => {
    const stage = await stageWith({ profile: { claude: { model: 'haiku', max_turns: 5, timeout: 7 } } });
    const claim = await claimNew(stage, { model: 'opus', maxBudgetUsd: 2 });
    await runAttempt(stage.deps, claim, never);
    const { flags, timeoutMs } = stage.orders[0] ?? assert.fail();
    assert.deepEqual(flags, {
      model: 'opus',
      'max-turns': 5,
      'permission-mode': 'bypassPermissions',
      'max-budget-usd': 2,
    });
    assert.ok(timeoutMs <= 7000 && timeoutMs > 6000, String(timeoutMs));
  });
});

describe('the transcript of an attempt', () => {
  it('is a chain from the ledger record that started it, sealed in the ledger', async () => {
    const stage = await stageWith();
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    const { entries } = await stage.bus.feed.read({ kind: 'job', jobId: claim.jobId }, undefined, 100);
    const [first] = await messagesOf(stage, claim.jobId);
    const message = entries.find((entry) => entry.kind === 'message');
    const third = (await stage.bus.events.read(claim.jobId))[2];
    assert.equal(
      first?.prev,
      third?.prev,
      'the message and the record after AttemptStarted name the same predecessor',
    );
    assert.deepEqual((await jobOf(stage, claim.jobId)).transcript, {
      count: 1,
      head: sha256(message?.data ?? ''),
    });
  });
  it('holds no secret, however Claude came by it', async () => {
    const stage = await stageWith({
      act: async (order, listener, signal) => {
        await say(listener, 'the key is s3cret');
        return { ...(await succeed(order, listener, signal)), answer: 's3cret again' };
      },
    });
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    const { entries } = await stage.bus.feed.read({ kind: 'job', jobId: claim.jobId }, undefined, 100);
    assert.equal(
      entries.some((entry) => entry.data.includes('s3cret')),
      false,
    );
    assert.equal((await getJob(stage.bus.events, claim.jobId)).answer, '[redacted] again');
  });
  it('shows a large message as a preview and keeps it whole', async () => {
    const text = 'x'.repeat(INLINE_LIMIT_BYTES);
    const stage = await stageWith({
      act: async (order, listener, signal) => {
        await say(listener, text);
        return succeed(order, listener, signal);
      },
    });
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    const [preview] = await messagesOf(stage, claim.jobId);
    assert.equal(preview?.href, `/jobs/${claim.jobId}/messages/1/1`);
    assert.equal('message' in (preview ?? {}), false);
    const whole = (await stage.bus.transcript.whole(claim.jobId, 1, 1)) ?? '';
    assert.equal(sha256(whole), preview?.sha256);
    assert.equal(Buffer.byteLength(whole), preview?.bytes);
    assert.equal(JSON.parse(whole).message.message.content[0].text, text);
  });
});

describe('an attempt that goes wrong', () => {
  const fail = (
    code: 'CLAUDE_CRASHED' | 'CLAUDE_AUTH_FAILED' | 'CLAUDE_USAGE_LIMIT',
    resetsAt?: number,
  ): Setting => ({
    act: async () => ({
      kind: 'failed',
      code,
      error: `it says ${code}`,
      ...report,
      ...(resetsAt ? { resetsAt } : {}),
    }),
  });
  it('is tried again later when that may help, and its money counts', async () => {
    const stage = await stageWith(fail('CLAUDE_CRASHED'));
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    const job = await jobOf(stage, claim.jobId);
    assert.equal(job.status, 'queued');
    assert.equal(job.error, 'it says CLAUDE_CRASHED');
    assert.equal(job.costUsd, 0.1);
    assert.ok(job.nextAttemptAt);
    assert.deepEqual(stage.deeds.slice(1), ['close'], 'nothing is pushed');
  });
  it('fails the job at once when it would not help', async () => {
    const stage = await stageWith(fail('CLAUDE_AUTH_FAILED'));
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    const job = await jobOf(stage, claim.jobId);
    assert.equal(job.status, 'failed');
    assert.equal(job.code, 'CLAUDE_AUTH_FAILED');
  });
  it('is parked until the quota opens', async () => {
    const resetsAt = Date.now() + 3_600_000;
    const clock = { ...systemClock, random: () => 0 };
    const stage = await stageWith({ ...fail('CLAUDE_USAGE_LIMIT', resetsAt), over: { clock } });
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    const job = await jobOf(stage, claim.jobId);
    assert.deepEqual([job.status, job.nextAttemptAt, job.attemptsUsed], ['queued', resetsAt, 0]);
  });
  it('says so when the push is refused, and keeps the commit', async () => {
    const refuse = async () => {
      throw new AgenticoreError('PUSH_REFUSED', 'The remote refused the push: branch is protected.');
    };
    const stage = await stageWith({ push: refuse });
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    const job = await jobOf(stage, claim.jobId);
    assert.deepEqual([job.status, job.code, job.commit], ['failed', 'PUSH_REFUSED', 'c0ffee']);
  });
  it('may fail to open its workspace before anything else is ready, and takes no worker along', async () => {
    const { deps, ...stage } = await stageWith();
    const workspaces = {
      ...deps.workspaces,
      open: () => Promise.reject(new AgenticoreError('REPOSITORY_NOT_FOUND')),
    };
    // An unhandled rejection is noticed when the tasks at hand are done, so the directory must take longer than that.
    const slowly = async (jobId: string, attempt: number) => {
      await new Promise((resolve) => setImmediate(resolve));
      return deps.directories.prepare(jobId, attempt);
    };
    const claim = await claimNew({ deps, ...stage });
    await runAttempt(
      { ...deps, workspaces, directories: { ...deps.directories, prepare: slowly } },
      claim,
      never,
    );
    const job = await jobOf({ deps, ...stage }, claim.jobId);
    assert.deepEqual([job.status, job.code], ['failed', 'REPOSITORY_NOT_FOUND']);
  });
  it('takes a bug of ours for the end of the attempt, not of the worker, and tells no detail', async () => {
    const stage = await stageWith({ act: () => Promise.reject(new TypeError('internal detail')) });
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    const job = await jobOf(stage, claim.jobId);
    assert.equal(job.code, 'INTERNAL');
    assert.equal(job.error?.includes('internal detail'), false);
    assert.equal(stage.deeds.at(-1), 'close');
  });
  it('delivers what an earlier attempt had committed instead of working again', async () => {
    let broken = true;
    const stage = await stageWith({
      push: async () => {
        if (broken) throw new AgenticoreError('REPOSITORY_UNREACHABLE');
      },
    });
    const claim = await claimNew(stage, { repoUrl, backoffS: 0 });
    await runAttempt(stage.deps, claim, never);
    broken = false;
    await stage.bus.queue.promoteDue(10);
    const again = await stage.bus.queue.claim('jobs', 'worker-1', never);
    assert.ok(again);
    await runAttempt(stage.deps, again, never);
    const job = await jobOf(stage, claim.jobId);
    assert.deepEqual([job.status, job.attempt, stage.orders.length], ['succeeded', 2, 1]);
    assert.ok(stage.deeds.includes(`open agenticore-${job.id} at c0ffee`));
  });
});

describe('an attempt that somebody stops', () => {
  it('ends cancelled when a cancel is written, wherever that was', async () => {
    const stage = await stageWith({ act: workUntilStopped });
    const claim = await claimNew(stage);
    const running = runAttempt(stage.deps, claim, never);
    await eventually('claude runs', async () => (await jobOf(stage, claim.jobId)).pid === 4711);
    await cancelJob(stage.deps, claim.jobId, 'test');
    await running;
    const job = await jobOf(stage, claim.jobId);
    assert.equal(job.status, 'cancelled');
    assert.equal(job.costUsd, 0.1, 'what it cost is recorded');
    assert.equal(stage.deeds.includes('push'), false);
  });
  it('stays cancelled when Claude succeeds all the same', async () => {
    const stage = await stageWith({
      act: async (order, listener, signal) => {
        await cancelJob(stage.deps, order.tag.split('.')[0] ?? '', 'test');
        return succeed(order, listener, signal);
      },
    });
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    assert.equal((await jobOf(stage, claim.jobId)).status, 'cancelled');
  });
  it('is handed back unburned when the worker leaves', async () => {
    const stage = await stageWith({ act: workUntilStopped });
    const claim = await claimNew(stage);
    const leaving = new AbortController();
    const running = runAttempt(stage.deps, claim, leaving.signal);
    await eventually('claude runs', async () => (await jobOf(stage, claim.jobId)).pid === 4711);
    leaving.abort();
    await running;
    const job = await jobOf(stage, claim.jobId);
    assert.deepEqual([job.status, job.attemptsUsed], ['queued', 0]);
    assert.deepEqual(await stage.bus.queue.depth('jobs'), { waiting: 1, running: 0 });
  });
});

describe('an attempt that was overtaken', () => {
  it('neither pushes nor writes when its claim is gone before the push', async () => {
    const stage = await stageWith();
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, { ...claim, extend: async () => false }, never);
    assert.equal(stage.deeds.includes('push'), false);
    assert.equal((await jobOf(stage, claim.jobId)).status, 'running', 'left to whoever holds the claim now');
  });
  it('stops its claude as soon as its transcript is refused', async () => {
    const stage = await stageWith({
      act: async (order, listener, signal) => {
        await startAttempt(stage.bus.events, order.tag.split('.')[0] ?? '');
        await say(listener, 'too late');
        return workUntilStopped(order, listener, signal);
      },
    });
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    const job = await jobOf(stage, claim.jobId);
    assert.deepEqual([job.status, job.attempt], ['running', 2]);
    assert.deepEqual(await messagesOf(stage, claim.jobId), []);
  });
  it('is taken for overtaken when a bug keeps it from its lease, and takes no worker along', async () => {
    const stage = await stageWith({
      act: workUntilStopped,
      over: { leases: createLeases({ clock: systemClock, leaseMs: 30, log: () => {} }) },
    });
    const claim = await claimNew(stage);
    const extend = async (): Promise<boolean> => {
      throw new TypeError('a bug');
    };
    await runAttempt(stage.deps, { ...claim, extend }, never);
    assert.equal((await jobOf(stage, claim.jobId)).status, 'running', 'left to the next who claims it');
  });
  it('acknowledges the entry of a job that has ended', async () => {
    const stage = await stageWith();
    const claim = await claimNew(stage);
    await cancelJob(stage.deps, claim.jobId, 'test');
    await runAttempt(stage.deps, claim, never);
    assert.equal(stage.orders.length, 0);
    assert.deepEqual(await stage.bus.queue.depth('jobs'), { waiting: 0, running: 0 });
  });
});

describe('a pull request', () => {
  const url = 'https://git.example/pr/1';
  const host = (open: CodeHost['openPullRequest']) => ({
    over: { codeHosts: [{ serves: (address: string) => address === repoUrl, openPullRequest: open }] },
  });
  it('is opened after the push on a remote that is a code host, as profile and job say', async () => {
    const orders: PullRequestOrder[] = [];
    const stage = await stageWith({
      ...host(async (order) => {
        orders.push(order);
        return { url, existed: false, shortfalls: ['It is no draft: s3cret.'] };
      }),
      profile: { pull_request: { draft: true, labels: ['bot'], base: 'develop' } },
      template: '# Ours',
    });
    const claim = await claimNew(stage, { repoUrl, task: 'Mend s3cret.' });
    await runAttempt(stage.deps, claim, never);
    const job = await jobOf(stage, claim.jobId);
    assert.deepEqual([job.status, job.prUrl, job.prError], ['succeeded', url, undefined]);
    const [{ title, body, ...order } = assert.fail()] = orders;
    assert.deepEqual(order, {
      ...{ repoUrl, branch: `agenticore-${job.id}`, base: 'develop', draft: true },
      ...{ labels: ['bot'], reviewers: [], assignees: [] },
    });
    assert.match(body, /^# Ours\n\n## Asked[\s\S]*It is done\.[\s\S]*\$0\.1000/);
    assert.doesNotMatch(title + body, /s3cret/);
    const ledger = await stage.bus.events.read(job.id);
    const opened = ledger.find(({ type }) => type === 'PullRequestOpened');
    assert.match(JSON.stringify(opened), /"shortfalls":\["It is no draft: (?!s3cret)/);

    await runAttempt(stage.deps, await claimNew(stage, { repoUrl, baseRef: 'release' }), never);
    assert.equal(orders[1]?.base, 'release');
  });
  it('that fails is a field of a job that succeeded', async () => {
    const stage = await stageWith(
      host(() => Promise.reject(new AgenticoreError('CODE_HOST_REFUSED', 'no permission'))),
    );
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    const job = await jobOf(stage, claim.jobId);
    assert.deepEqual([job.status, job.prError, job.prUrl], ['succeeded', 'no permission', undefined]);
  });
  it('is not opened when the profile says so', async () => {
    const stage = await stageWith({ ...host(() => assert.fail('opened')), profile: { auto_pr: false } });
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    assert.equal((await jobOf(stage, claim.jobId)).status, 'succeeded');
  });
});

describe('a job whose pull request alone was missing, retried', () => {
  async function retried(setting: Setting) {
    const bodies: string[] = [];
    const openPullRequest: CodeHost['openPullRequest'] = async ({ body, branch }) => {
      bodies.push(`${branch} ${body}`);
      if (bodies.length === 1) throw new AgenticoreError('CODE_HOST_LIMITED');
      return { url: 'https://git.example/pr/1', existed: false, shortfalls: [] };
    };
    const stage = await stageWith({
      ...setting,
      over: { codeHosts: [{ serves: () => true, openPullRequest }] },
    });
    const claim = await claimNew(stage);
    await runAttempt(stage.deps, claim, never);
    const first = await jobOf(stage, claim.jobId);
    const again = await submitAgain(
      { ...stage.deps, redactTask: (task) => task, policy: { maxQueued: 10 } },
      first,
    );
    const next = (await stage.bus.queue.claim('jobs', 'worker-1', never)) ?? assert.fail();
    stage.deeds.length = 0;
    await runAttempt(stage.deps, next, never);
    return { stage, bodies, first, again: await jobOf(stage, again.id) };
  }

  it('opens that of the same branch and commit, without claude', async () => {
    const { stage, bodies, first, again } = await retried({});
    assert.deepEqual([again.status, again.prUrl], ['succeeded', 'https://git.example/pr/1']);
    assert.deepEqual([again.branch, again.commit], [first.branch, first.commit]);
    assert.equal(stage.orders.length, 1, 'claude worked once');
    assert.equal(stage.deeds[0], `open ${first.branch} at ${first.commit}`);
    assert.equal(bodies[1], bodies[0], 'it tells of the job that did the work');
    assert.equal(again.costUsd, 0);
  });
  it('waits for no usage limit', async () => {
    const { again } = await retried({
      act: async (...args) => {
        const { deps } = stages.at(-1) ?? assert.fail();
        await deps.breaker.open(deps.credential, Date.now() + 60_000);
        return succeed(...args);
      },
    });
    assert.equal(again.status, 'succeeded');
  });
  it('fails when its work is nowhere any more, rather than doing it again', async () => {
    const { stage, again } = await retried({ isResumed: false });
    assert.deepEqual([again.status, again.code], ['failed', 'WORK_NOT_FOUND']);
    assert.equal(stage.orders.length, 1);
  });
});

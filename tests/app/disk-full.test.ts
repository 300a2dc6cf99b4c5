// The disk of a worker is full: what claude did is not lost and not paid twice, and whatever fails says why.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { getJob } from '../../src/app/inspect-jobs.js';
import { runAttempt } from '../../src/app/run-attempt.js';
import { diskFull } from '../../src/domain/disk-full.js';
import type { Clock } from '../../src/ports/clock.js';
import type { Claim } from '../../src/ports/command-queue.js';
import type { Workspaces } from '../../src/ports/workspace.js';
import { submit } from '../support/ledger.js';
import { type Setting, type Stage, setStage } from './doubles.js';

const never = new AbortController().signal;
const repoUrl = 'https://git.example/acme/shop.git';

async function claimed(
  t: TestContext,
  setting: Setting,
): Promise<{ readonly stage: Stage; readonly claim: Claim }> {
  const stage = await setStage(setting);
  t.after(() => stage.close());
  await submit(stage.bus.events, { order: { repoUrl } });
  const claim = await stage.bus.queue.claim('jobs', 'worker-1', never);
  assert.ok(claim);
  return { stage, claim };
}

const inNoTime = (stage: Stage) => ({
  ...stage.deps.clock,
  sleep: (ms: number, signal: AbortSignal) => stage.deps.clock.sleep(ms > 10_000 ? ms : 0, signal),
});

/** Workspaces whose snapshot fails so often for want of room; `onRefusal` hears it. */
function withoutRoom(stage: Stage, times: number, onRefusal = (): void => {}): Workspaces {
  let left = times;
  const { workspaces } = stage.deps;
  return {
    ...workspaces,
    open: async (order, signal) => ({
      ...(await workspaces.open(order, signal)),
      async snapshot() {
        left -= 1;
        if (left < 0) return;
        onRefusal();
        throw diskFull('git could not write the tree');
      },
    }),
  };
}

const noSpace = (): Error =>
  Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

describe('an attempt on a full disk', () => {
  it('waits with what claude did until there is room, and says so once', async (t) => {
    let commits = 0;
    const told: string[] = [];
    const { stage, claim } = await claimed(t, {
      committing: () => {
        commits += 1;
        if (commits < 4) throw diskFull('git could not commit');
      },
    });
    const log = (fact: string): void => void told.push(fact);
    assert.equal(await runAttempt({ ...stage.deps, clock: inNoTime(stage), log }, claim, never), 'over');
    const { job } = await getJob(stage.bus.events, claim.jobId);
    assert.deepEqual([job.status, job.attempt, stage.orders.length, commits], ['succeeded', 1, 1, 4]);
    assert.equal(told.filter((fact) => fact === 'attempt.waits_for_room').length, 1);
  });

  it('has as much time left for what is still to do as before it waited', async (t) => {
    const given: number[] = [];
    const { stage, claim } = await claimed(t, {
      profile: { verify: ['npm test'] },
      command: async ({ timeoutMs }) => {
        given.push(timeoutMs);
        return { kind: 'exited', exitCode: 0, output: '' };
      },
    });
    let waitedMs = 0;
    const clock: Clock = { ...inNoTime(stage), now: () => stage.deps.clock.now() + waitedMs };
    const workspaces = withoutRoom(stage, 1, () => {
      waitedMs += 2 * stage.deps.timeoutS * 1000;
    });
    await runAttempt({ ...stage.deps, clock, workspaces }, claim, never);
    const { job } = await getJob(stage.bus.events, claim.jobId);
    assert.deepEqual([job.status, given.length], ['succeeded', 1]);
    assert.ok((given[0] ?? 0) > 1, 'not merely the least there is');
  });

  it('does not wait before claude has done anything: another worker may have room', async (t) => {
    const { stage, claim } = await claimed(t, { profile: { setup: ['npm ci'] } });
    const deps = { ...stage.deps, clock: inNoTime(stage), workspaces: withoutRoom(stage, 1) };
    assert.equal(await runAttempt(deps, claim, never), 'no-room');
    const failed = (await stage.bus.events.read(claim.jobId)).at(-1);
    assert.ok(failed?.type === 'AttemptFailed', failed?.type);
    assert.deepEqual([failed.code, stage.orders.length], ['DISK_FULL', 0]);
  });

  it('can be handed back while it waits', async (t) => {
    const leaving = new AbortController();
    const { stage, claim } = await claimed(t, {
      committing: () => {
        leaving.abort();
        throw diskFull('git could not commit');
      },
    });
    await runAttempt(stage.deps, claim, leaving.signal);
    const { job } = await getJob(stage.bus.events, claim.jobId);
    assert.deepEqual([job.status, job.attemptsUsed], ['queued', 0]);
  });

  it('fails with how to mend it, not as a bug, when it cannot even begin', async (t) => {
    const { stage, claim } = await claimed(t, {});
    const directories = { ...stage.deps.directories, prepare: () => Promise.reject(noSpace()) };
    await runAttempt({ ...stage.deps, directories }, claim, never);
    const failed = (await stage.bus.events.read(claim.jobId)).at(-1);
    assert.ok(failed?.type === 'AttemptFailed');
    assert.equal(failed.code, 'DISK_FULL');
    assert.match(
      failed.error,
      /^The disk of the worker is full: ENOSPC: .+, write\. Make room there, or .+\.$/,
    );
    assert.equal((await getJob(stage.bus.events, claim.jobId)).job.status, 'queued');
  });
});

// The contract of the limit per repository: it holds jobs back, never drops one, and keeps no other repository waiting.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Bus } from '../../../src/ports/bus.js';
import type { Claim } from '../../../src/ports/command-queue.js';
import { eventually } from '../../support/eventually.js';
import { carryOut, endAttempt, startAttempt, submission, submit, transition } from '../../support/ledger.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const TWO = { maxPerRepo: 2 };
const CANCEL = { type: 'RequestCancel', by: 'somebody' } as const;
const CRASHED = { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'it crashed' } as const;
const order = (repo: string) => ({ order: { repoUrl: `https://git.example/${repo}` } });

async function claimNow({ queue }: Bus): Promise<Claim> {
  const claim = await queue.claim('jobs', 'w', new AbortController().signal);
  assert.ok(claim);
  return claim;
}

const submitAll = async ({ events }: Bus, count: number, repo: string): Promise<string[]> => {
  const ids: string[] = [];
  while (ids.length < count) ids.push(await submit(events, order(repo)));
  return ids;
};

const waiting = async ({ queue }: Bus): Promise<number> => (await queue.depth('jobs')).waiting;

/** Registers the cases. */
export function admissionContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: the limit per repository`, () => {
    check(
      'jobs beyond the limit are held, and those of other repositories and of none go on',
      async ({ bus }) => {
        await submitAll(bus, 5, 'a');
        assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 2, running: 0 });
        await submitAll(bus, 1, 'b');
        await submit(bus.events);
        assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 4, running: 0 });
        assert.equal(await bus.events.count('queued'), 7);
      },
      TWO,
    );

    check(
      'all spellings of an address count as one repository',
      async ({ bus }) => {
        for (const repo of ['a', 'a.git', 'a/']) await submit(bus.events, order(repo));
        assert.equal(await waiting(bus), 2);
      },
      TWO,
    );

    check(
      'each ending lets the next one in, in the order of arrival',
      async ({ bus }) => {
        const ids = await submitAll(bus, 5, 'a');
        const claimed: string[] = [];
        for (let n = 0; n < 5; n += 1) {
          const { jobId } = await claimNow(bus);
          claimed.push(jobId);
          await startAttempt(bus.events, jobId);
          await endAttempt(bus.events, jobId, { kind: 'succeeded' });
        }
        assert.deepEqual(claimed, ids);
        assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 0, running: 0 });
      },
      TWO,
    );

    check(
      'a held job is let in also when its submission is sent once more with the ending',
      async ({ bus }) => {
        const [first = ''] = await submitAll(bus, 2, 'a');
        const { jobId, ...again } = submission(order('a'));
        const held = await bus.events.append({ ...again, jobId });
        assert.deepEqual(held, { kind: 'appended' });
        await claimNow(bus);
        await startAttempt(bus.events, first);
        const end = { type: 'EndAttempt', attempt: 1, outcome: { kind: 'succeeded' }, jitter: 0 } as const;
        const ending = transition(await bus.events.load(first), end);
        const results = await Promise.all([
          bus.events.append({ ...again, jobId }),
          bus.events.append(ending),
        ]);
        assert.deepEqual(results, [{ kind: 'conflict' }, { kind: 'appended' }]);
        await claimNow(bus);
        assert.equal((await claimNow(bus)).jobId, jobId);
      },
      TWO,
    );

    check(
      'a held job is cancelled like a waiting one, and lets nobody in',
      async ({ bus }) => {
        const ids = await submitAll(bus, 4, 'a');
        await carryOut(bus.events, ids[2] ?? '', CANCEL);
        assert.equal(await waiting(bus), 2);
        await carryOut(bus.events, ids[0] ?? '', CANCEL);
        assert.equal(await waiting(bus), 2);
        assert.deepEqual([(await claimNow(bus)).jobId, (await claimNow(bus)).jobId], [ids[1], ids[3]]);
      },
      TWO,
    );

    check(
      'a job that waits for its retry makes room, and is admitted anew when its time has come',
      async ({ bus }) => {
        const past = { now: Date.now() - 60_000 };
        const first = await submit(bus.events, { order: { ...order('a').order, backoffS: 0 }, ...past });
        const others = await submitAll(bus, 2, 'a');
        await claimNow(bus);
        await startAttempt(bus.events, first, past);
        assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 1, running: 1 });
        await endAttempt(bus.events, first, CRASHED, past);
        assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 2, running: 0 });
        assert.equal(await bus.queue.promoteDue(9), 1);
        assert.equal(await waiting(bus), 2);
        for (const jobId of others) await carryOut(bus.events, jobId, CANCEL);
        assert.equal((await claimNow(bus)).jobId, first);
      },
      TWO,
    );

    check(
      'a job handed back keeps its place',
      async ({ bus }) => {
        const [first = ''] = await submitAll(bus, 3, 'a');
        const claim = await claimNow(bus);
        await startAttempt(bus.events, first);
        await endAttempt(bus.events, first, { kind: 'handed-back' });
        await claim.release();
        assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 2, running: 0 });
      },
      TWO,
    );

    check(
      'a job removed while it was in its lane lets the next one in',
      async ({ bus }) => {
        const ids = await submitAll(bus, 3, 'a');
        await bus.events.remove(ids[0] ?? '');
        assert.equal(await waiting(bus), 2);
        await bus.events.remove(ids[2] ?? '');
        await bus.events.remove(ids[1] ?? '');
        assert.equal(await waiting(bus), 0);
      },
      TWO,
    );

    check(
      'the time in which a job is held does not count as waiting',
      async ({ bus }) => {
        const hourAgo = { now: Date.now() - 3_600_000 };
        const own = { ...order('a').order, queueTtlS: 60 };
        const first = await submit(bus.events, { order: own, ...hourAgo });
        const held = await submit(bus.events, { order: own });
        const wait = await eventually('it has been held for a while', async () => {
          const stored = await bus.events.load(held);
          return (stored?.heldMs ?? 0) > 0 && stored;
        });
        assert.equal(wait.job.status, 'queued');
        assert.equal((await bus.events.load(first))?.heldMs, undefined);
        await carryOut(bus.events, first, CANCEL);
        await claimNow(bus);
        const { job } = await startAttempt(bus.events, held);
        const [, started] = await bus.events.read(held);
        assert.ok(started?.type === 'AttemptStarted' && (started.heldMs ?? 0) > 0);
        assert.ok(job.waitedMs <= started.at - job.createdAt - (started.heldMs ?? 0));
      },
      { maxPerRepo: 1 },
    );

    check(
      'after a restart the same number is admitted, and nobody is forgotten',
      async (under) => {
        const ids = await submitAll(under.bus, 4, 'a');
        await claimNow(under.bus);
        await startAttempt(under.bus.events, ids[0] ?? '');
        const bus = await under.reopen();
        const { waiting: left, running } = await bus.queue.depth('jobs');
        assert.equal(left + running, 2);
        await endAttempt(bus.events, ids[0] ?? '', { kind: 'succeeded' });
        await carryOut(bus.events, ids[1] ?? '', CANCEL);
        assert.deepEqual([(await claimNow(bus)).jobId, (await claimNow(bus)).jobId], [ids[2], ids[3]]);
      },
      TWO,
    );
  });
}

// The contract of leases: a claim that is not extended goes to somebody else, and its old holder can do no harm.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Claim, CommandQueue } from '../../../src/ports/command-queue.js';
import { eventually } from '../../support/eventually.js';
import { carryOut, endAttempt, startAttempt, submit, transition } from '../../support/ledger.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const SHORT = { leaseMs: 120 };
/** Long enough that a busy machine does not lose it between an extension and the question after it. */
const STEADY = { leaseMs: 1500 };
const never = (): AbortSignal => new AbortController().signal;

async function claimNow(queue: CommandQueue, worker: string): Promise<Claim> {
  const claim = await queue.claim('jobs', worker, never());
  assert.ok(claim);
  return claim;
}

const reclaimed = (queue: CommandQueue, worker: string): Promise<Claim> =>
  eventually('a lapsed entry is reclaimed', async () => (await queue.reclaim('jobs', worker, 9))[0]);

/** Registers the cases. */
export function leaseContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: leases`, { concurrency: true }, () => {
    check('entries that wait or whose lease runs are not reclaimed', async ({ bus: { events, queue } }) => {
      await submit(events);
      await submit(events);
      await claimNow(queue, 'a');
      assert.deepEqual(await queue.reclaim('jobs', 'b', 9), []);
      assert.deepEqual(await queue.reclaim('no such lane', 'b', 9), []);
    });

    check(
      'a lapsed entry is reclaimed, and its old holder can do no harm',
      async ({ bus: { events, queue } }) => {
        const jobId = await submit(events);
        const old = await claimNow(queue, 'a');
        const own = await reclaimed(queue, 'b');
        assert.equal(own.jobId, jobId);
        assert.equal(await old.extend(), false);
        await old.release();
        await old.ack();
        assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 1 });
        await own.ack();
        assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 0 });
      },
      SHORT,
    );

    check(
      'only the holder of the claim may start an attempt, also when the job waits for its retry by then',
      async ({ bus: { events, queue } }) => {
        const jobId = await submit(events);
        const old = await claimNow(queue, 'a');
        const start = async ({ token }: Claim) => {
          const command = { type: 'StartAttempt', worker: 'w', host: 'h' } as const;
          const next = transition(await events.load(jobId), command);
          return (await events.append({ ...next, claim: token })).kind;
        };
        const own = await reclaimed(queue, 'b');
        assert.equal(await start(old), 'unclaimed');
        assert.equal(await start(own), 'appended');
        await endAttempt(events, jobId, { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'it crashed' });
        assert.equal(await start(old), 'unclaimed');
        assert.equal(await start(own), 'unclaimed');
        assert.equal((await events.load(jobId))?.job.status, 'queued');
      },
      SHORT,
    );

    check(
      'an entry reclaimed by the same worker still has one holder',
      async ({ bus: { events, queue } }) => {
        await submit(events);
        const old = await claimNow(queue, 'a');
        const own = await reclaimed(queue, 'a');
        assert.equal(await old.extend(), false);
        await old.ack();
        await own.release();
        assert.deepEqual(await queue.depth('jobs'), { waiting: 1, running: 0 });
      },
      SHORT,
    );

    check(
      'an extended lease is kept while another one lapses',
      async ({ bus: { events, queue } }) => {
        const [kept, lost] = [await submit(events), await submit(events)];
        const own = await claimNow(queue, 'a');
        await claimNow(queue, 'b');
        const taken = await eventually('the other lease lapses', async () => {
          assert.equal(await own.extend(), true);
          const claims = await queue.reclaim('jobs', 'c', 9);
          return claims.length > 0 && claims.map(({ jobId }) => jobId);
        });
        assert.deepEqual([own.jobId, taken], [kept, [lost]]);
      },
      STEADY,
    );

    check(
      'no more entries are reclaimed than asked for, and none twice',
      async ({ bus: { events, queue } }) => {
        const ids = await Promise.all([1, 2, 3, 4].map(() => submit(events)));
        for (let n = 0; n < 4; n += 1) await claimNow(queue, 'a');
        let held: Claim[] = [];
        let most = 0;
        await eventually('all four are reclaimed', async () => {
          const claims = await queue.reclaim('jobs', 'b', 2);
          most = Math.max(most, claims.length);
          // What lapsed again on a busy machine is somebody's turn once more.
          const kept = await Promise.all(
            [...held, ...claims].map(async (one) => (await one.extend()) && one),
          );
          held = kept.filter((one) => one !== false);
          return held.length >= ids.length;
        });
        assert.ok(most <= 2, `${most} at once`);
        assert.deepEqual(held.map(({ jobId }) => jobId).sort(), ids.sort());
      },
      STEADY,
    );

    check(
      'a zombie holder does not lose the entry of the attempt that followed',
      async ({ bus: { events, queue } }) => {
        const jobId = await submit(events);
        const zombie = await claimNow(queue, 'a');
        await startAttempt(events, jobId);
        const own = await reclaimed(queue, 'b');
        assert.equal((await startAttempt(events, jobId)).job.attempt, 2);
        await zombie.ack();
        await zombie.release();
        assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 1 });
        await endAttempt(events, jobId, { kind: 'handed-back' });
        await own.ack();
        assert.deepEqual(await queue.depth('jobs'), { waiting: 1, running: 0 });
      },
      SHORT,
    );

    check(
      'an ended job is not reclaimed',
      async ({ bus: { events, queue } }) => {
        const [ended, lapsing] = [await submit(events), await submit(events)];
        await claimNow(queue, 'a');
        await claimNow(queue, 'a');
        await carryOut(events, ended, { type: 'RequestCancel', by: 'somebody' });
        assert.equal((await reclaimed(queue, 'b')).jobId, lapsing);
        assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 1 });
      },
      SHORT,
    );

    check(
      'the next process gets hold of an entry whose holder is gone',
      async (under) => {
        const jobId = await submit(under.bus.events);
        await claimNow(under.bus.queue, 'a');
        await startAttempt(under.bus.events, jobId);
        const { queue, events } = await under.reopen();
        const own = await reclaimed(queue, 'b');
        assert.equal(own.jobId, jobId);
        await startAttempt(events, jobId);
        await endAttempt(events, jobId, { kind: 'succeeded' });
        assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 0 });
      },
      SHORT,
    );
  });
}

// The contract of first attempts that start with the claim that comes with an end. A bus may leave them to their holder;
// what happens to the job is the same.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { firstBreak } from '../../../src/domain/evidence.js';
import type { Bus } from '../../../src/ports/bus.js';
import type { Claim } from '../../../src/ports/command-queue.js';
import type { NextFor } from '../../../src/ports/event-log.js';
import type { StoredJob } from '../../../src/ports/stored-job.js';
import {
  carryOut,
  endAttempt,
  inFull,
  type Submission,
  sha256,
  startAttempt,
  submit,
  transition,
} from '../../support/ledger.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const FOR: NextFor = { worker: 'worker-1', start: { host: 'host-1', credential: 'mine' } };
const START = { type: 'StartAttempt', worker: 'worker-1', host: 'host-1' } as const;
const GOOD = { kind: 'succeeded' } as const;

/** The claim that comes with the end of a job that came before all others. */
async function nextOf({ events, queue }: Bus, others: () => Promise<unknown>): Promise<Claim | undefined> {
  const first = await submit(events);
  assert.equal((await queue.claim('jobs', 'worker-1', new AbortController().signal))?.jobId, first);
  await startAttempt(events, first);
  await others();
  const command = { type: 'EndAttempt', attempt: 1, outcome: GOOD, jitter: 0 } as const;
  const result = await events.append({ ...transition(await events.load(first), command), nextFor: FOR });
  assert.equal(result.kind, 'appended');
  return result.kind === 'appended' ? result.next : undefined;
}

/** The job as its holder sees it when its attempt has begun, whoever began it. */
async function begun({ events }: Bus, claim: Claim): Promise<StoredJob> {
  if (claim.started !== undefined) return claim.started;
  const start = transition(await events.load(claim.jobId), START);
  assert.deepEqual(await events.append({ ...start, claim: claim.token }), { kind: 'appended' });
  return start.after;
}

const typesOf = async ({ events }: Bus, jobId: string): Promise<readonly string[]> =>
  (await events.read(jobId)).map(({ type }) => type);

/** Registers the cases. */
export function nextStartContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  /** The job is claimed, and not started: nothing of it has changed. */
  async function checkLeft(
    bus: Bus,
    job: Submission,
    between = async (_jobId: string) => {},
  ): Promise<Claim> {
    let before: unknown;
    const next = await nextOf(bus, async () => {
      const jobId = await submit(bus.events, job);
      await between(jobId);
      before = inFull(await bus.events.load(jobId));
    });
    assert.ok(next);
    assert.equal(next.started, undefined);
    assert.deepEqual(inFull(await bus.events.load(next.jobId)), before);
    assert.equal(await next.extend(), true);
    return next;
  }

  describe(`${name}: the attempt that starts with the claim of an end`, () => {
    check('is the first one of its job, in ledger, lists and feeds', async ({ bus }) => {
      const next = await nextOf(bus, () => submit(bus.events, { order: { task: 'ä "quoted" \u2028 task' } }));
      assert.ok(next);
      const started = await begun(bus, next);
      assert.deepEqual(inFull(await bus.events.load(next.jobId)), inFull(started));
      const { status, attempt, attemptsUsed, worker, host } = started.job;
      assert.deepEqual(
        [status, attempt, attemptsUsed, worker, host],
        ['running', 1, 1, 'worker-1', 'host-1'],
      );
      const records = await bus.events.read(next.jobId);
      assert.equal(firstBreak(records, sha256), undefined);
      const running = await bus.events.list({ status: 'running', limit: 9 });
      assert.deepEqual(running.jobs, [started.job]);
      assert.deepEqual([await bus.events.count('queued'), await bus.events.count('running')], [0, 1]);
      const { entries } = await bus.feed.read({ kind: 'job', jobId: next.jobId }, undefined, 9);
      assert.deepEqual(
        entries.map(({ type, data }) => [type, JSON.parse(data).version]),
        [
          ['JobSubmitted', 1],
          ['AttemptStarted', 2],
        ],
      );
      const fleet = await bus.feed.read({ kind: 'fleet' }, undefined, 99);
      const told = fleet.entries.filter(({ data }) => JSON.parse(data).jobId === next.jobId);
      assert.equal(told.length, 2);
    });

    check('goes on, and ends, as any other', async ({ bus }) => {
      const next = await nextOf(bus, () => submit(bus.events));
      assert.ok(next);
      await begun(bus, next);
      const said = { seq: 1, kind: 'message', type: 'assistant', data: '{"n":1}' } as const;
      assert.equal(await bus.transcript.append(next.jobId, 1, [said]), 'appended');
      assert.equal(await next.extend(), true);
      await endAttempt(bus.events, next.jobId, GOOD);
      assert.equal(await next.extend(), false);
      assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 0, running: 0 });
      const { entries } = await bus.feed.read({ kind: 'job', jobId: next.jobId }, undefined, 9);
      assert.equal(entries.length, 4);
    });

    check('starts with the claim of who waits as well', async ({ bus }) => {
      const claiming = bus.queue.claim('jobs', 'worker-1', new AbortController().signal, FOR.start);
      const jobId = await submit(bus.events);
      const claim = await claiming;
      assert.equal(claim?.jobId, jobId);
      const started = await begun(bus, claim);
      assert.deepEqual(inFull(await bus.events.load(jobId)), inFull(started));
      assert.deepEqual([await bus.events.count('queued'), await bus.events.count('running')], [0, 1]);
      assert.equal(firstBreak(await bus.events.read(jobId), sha256), undefined);
      assert.deepEqual((await bus.events.list({ status: 'running', limit: 9 })).jobs, [started.job]);
      const fleet = await bus.feed.read({ kind: 'fleet' }, undefined, 99);
      assert.deepEqual(
        fleet.entries.map(({ type }) => type),
        ['JobSubmitted', 'AttemptStarted'],
      );
      assert.equal(await claim.extend(), true);
      await endAttempt(bus.events, jobId, GOOD);
      assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 0, running: 0 });
    });

    check('is handed back by its end', async ({ bus }) => {
      const next = await nextOf(bus, () => submit(bus.events));
      assert.ok(next);
      await begun(bus, next);
      const { job } = await endAttempt(bus.events, next.jobId, { kind: 'handed-back' });
      assert.deepEqual([job.status, job.attemptsUsed], ['queued', 0]);
      assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 1, running: 0 });
    });

    check(
      'is lost with its worker when nobody keeps its lease',
      async ({ bus }) => {
        const next = await nextOf(bus, () => submit(bus.events));
        assert.ok(next);
        await begun(bus, next);
        let taken = await bus.queue.reclaim('jobs', 'worker-2', 9);
        while (taken.length === 0) taken = await bus.queue.reclaim('jobs', 'worker-2', 9);
        assert.equal(taken[0]?.jobId, next.jobId);
        await carryOut(bus.events, next.jobId, { ...START, worker: 'worker-2' });
        assert.deepEqual((await typesOf(bus, next.jobId)).slice(2), ['AttemptLost', 'AttemptStarted']);
        assert.equal(await next.extend(), false);
      },
      { leaseMs: 1 },
    );

    check('is none of a job whose wait has expired', async ({ bus }) => {
      const next = await checkLeft(bus, { now: Date.now() - 10_000, order: { queueTtlS: 1 } });
      await bus.events.append(transition(await bus.events.load(next.jobId), START));
      assert.equal((await bus.events.load(next.jobId))?.job.status, 'expired');
    });

    check('is none of a job that has had one', async ({ bus }) => {
      await checkLeft(bus, {}, async (jobId) => {
        const claim = await bus.queue.claim('jobs', 'worker-1', new AbortController().signal);
        assert.equal(claim?.jobId, jobId);
        await startAttempt(bus.events, jobId);
        await endAttempt(bus.events, jobId, { kind: 'handed-back' });
      });
    });

    check('is none of a job that was put back', async ({ bus }) => {
      await checkLeft(bus, {}, async () => {
        await (await bus.queue.claim('jobs', 'worker-1', new AbortController().signal))?.release();
      });
    });

    check('is none of a turn', async ({ bus }) => {
      await checkLeft(bus, { kind: 'turn' });
    });

    for (const [when, until] of [
      ['open', 60_000],
      ['being probed', -1],
    ] as const)
      check(`is none while the breaker of its credential is ${when}`, async ({ bus }) => {
        await bus.breaker.open('mine', Date.now() + until);
        if (until < 0) assert.equal((await bus.breaker.pass('mine', 60_000)).kind, 'probe');
        await checkLeft(bus, {});
      });
  });
}

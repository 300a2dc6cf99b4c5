// The contract of claims that come with the end of an attempt: its worker has the next entry in the same step.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Bus } from '../../../src/ports/bus.js';
import type { Claim } from '../../../src/ports/command-queue.js';
import type { AppendResult, Transition } from '../../../src/ports/event-log.js';
import { carryOut, startAttempt, submit, transition } from '../../support/ledger.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const SUCCEEDED = { kind: 'succeeded' } as const;
const CRASHED = { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'it crashed' } as const;
type Outcome = typeof SUCCEEDED | typeof CRASHED;

async function begin({ events, queue }: Bus, worker = 'worker-1'): Promise<Claim> {
  const claim = await queue.claim('jobs', worker, new AbortController().signal);
  assert.ok(claim);
  await startAttempt(events, claim.jobId);
  return claim;
}

async function ending({ events }: Bus, jobId: string, outcome: Outcome = SUCCEEDED): Promise<Transition> {
  const command = { type: 'EndAttempt', attempt: 1, outcome, jitter: 0 } as const;
  return { ...transition(await events.load(jobId), command), nextFor: { worker: 'worker-1' } };
}

const nextOf = (result: AppendResult): Claim | undefined => {
  assert.equal(result.kind, 'appended');
  return result.kind === 'appended' ? result.next : undefined;
};

const end = async (bus: Bus, jobId: string, outcome?: Outcome): Promise<Claim | undefined> =>
  nextOf(await bus.events.append(await ending(bus, jobId, outcome)));

const depth = ({ queue }: Bus) => queue.depth('jobs');

/** Registers the cases. */
export function nextClaimContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: the claim that comes with an end`, () => {
    check('is of the oldest entry that waits, and a claim like any other', async ({ bus }) => {
      const ids = [await submit(bus.events), await submit(bus.events), await submit(bus.events)];
      await begin(bus);
      const next = await end(bus, ids[0] ?? '');
      assert.equal(next?.jobId, ids[1]);
      assert.deepEqual(await depth(bus), { waiting: 1, running: 1 });
      assert.equal((await begin(bus, 'worker-2')).jobId, ids[2]);
      assert.equal(await next?.extend(), true);
      const start = { type: 'StartAttempt', worker: 'worker-1', host: 'h' } as const;
      const started = transition(await bus.events.load(next?.jobId ?? ''), start);
      assert.deepEqual(await bus.events.append({ ...started, claim: next?.token }), { kind: 'appended' });
      assert.equal(await end(bus, next?.jobId ?? ''), undefined);
      assert.deepEqual(await depth(bus), { waiting: 0, running: 1 });
    });

    check('can be put back for others', async ({ bus }) => {
      const ids = [await submit(bus.events), await submit(bus.events)];
      await begin(bus);
      const next = await end(bus, ids[0] ?? '');
      await next?.release();
      assert.deepEqual(await depth(bus), { waiting: 1, running: 0 });
      assert.equal((await begin(bus, 'worker-2')).jobId, ids[1]);
      assert.equal(await next?.extend(), false);
    });

    check('is each another one when many end at once, as many as there are', async ({ bus }) => {
      const running: string[] = [];
      for (let n = 0; n < 5; n += 1) await submit(bus.events);
      for (let n = 0; n < 5; n += 1) running.push((await begin(bus)).jobId);
      const waiting = [await submit(bus.events), await submit(bus.events), await submit(bus.events)];
      const outcomes = [SUCCEEDED, CRASHED, SUCCEEDED, SUCCEEDED, CRASHED];
      const all = await Promise.all(running.map((jobId, n) => ending(bus, jobId, outcomes[n])));
      const claims = (await Promise.all(all.map((one) => bus.events.append(one)))).map(nextOf);
      const claimed = claims.flatMap((claim) => claim?.jobId ?? []);
      assert.deepEqual(claimed.toSorted(), waiting.toSorted());
      assert.deepEqual(await depth(bus), { waiting: 0, running: 3 });
      for (const claim of claims) if (claim) assert.equal(await claim.extend(), true);
    });

    check('does not come with an end that is refused', async ({ bus }) => {
      const [first, second] = [await submit(bus.events), await submit(bus.events)];
      await begin(bus);
      const late = await ending(bus, first);
      await carryOut(bus.events, first, { type: 'RequestCancel', by: 'somebody' });
      assert.deepEqual(await bus.events.append(late), { kind: 'conflict' });
      assert.deepEqual(await depth(bus), { waiting: 1, running: 1 });
      assert.equal((await end(bus, first))?.jobId, second);
    });

    check(
      'does not take from who waits what the end itself has let in',
      async ({ bus }) => {
        const order = { order: { repoUrl: 'https://git.example/a' } };
        const [first, held] = [await submit(bus.events, order), await submit(bus.events, order)];
        await begin(bus);
        const waiting = bus.queue.claim('jobs', 'worker-2', new AbortController().signal);
        assert.equal(await end(bus, first), undefined);
        assert.equal((await waiting)?.jobId, held);
        assert.deepEqual(await depth(bus), { waiting: 0, running: 1 });
      },
      { maxPerRepo: 1 },
    );
  });
}

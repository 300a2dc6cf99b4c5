// First attempts that Redis starts with the claims of ends: that it does, and for which lane entries.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import type { Bus } from '../../../src/ports/bus.js';
import type { Claim } from '../../../src/ports/command-queue.js';
import type { Transition } from '../../../src/ports/event-log.js';

import { carryOut, endAttempt, inFull, startAttempt, submit, transition } from '../../support/ledger.js';
import { editView } from './edited-view.js';
import { freshPrefix, openBus, useRedis } from './redis-under-test.js';

const FOR = { worker: 'worker-1', start: { host: 'host-1', credential: 'mine' } };
const never = new AbortController().signal;

describe('an end on Redis', () => {
  const own = useRedis();
  let bus: Bus;
  let keyPrefix: string;

  beforeEach(async () => {
    keyPrefix = freshPrefix(own.server);
    bus = await openBus(own.server, { keyPrefix });
  });

  /** The end of a job that runs; it claims the next one. */
  async function ending(lane = 'jobs'): Promise<Transition> {
    const jobId = await submit(bus.events, { order: { lane } });
    assert.equal((await bus.queue.claim(lane, 'worker-1', never))?.jobId, jobId);
    const command = { type: 'EndAttempt', attempt: 1, outcome: { kind: 'succeeded' }, jitter: 0 } as const;
    return { ...transition(await startAttempt(bus.events, jobId), command), nextFor: FOR };
  }

  async function append(...all: readonly Transition[]): Promise<readonly Claim[]> {
    const results = await Promise.all(all.map((one) => bus.events.append(one)));
    return results.flatMap((result) => (result.kind === 'appended' ? (result.next ?? []) : []));
  }

  const statusOf = async (jobId: string | undefined) => (await bus.events.load(jobId ?? ''))?.job.status;

  test('starts what it claims, and says so', async () => {
    const end = await ending();
    const jobId = await submit(bus.events, { order: { task: 'ä "quoted" \u2028 task' } });
    await bus.breaker.open("another's", Date.now() + 60_000);
    const [next] = await append(end);
    assert.equal(next?.jobId, jobId);
    assert.deepEqual(inFull(next?.started), inFull(await bus.events.load(jobId)));
    assert.equal(next?.started?.job.status, 'running');
  });

  test('starts them in each lane by itself', async () => {
    const ends = [await ending('jobs'), await ending('others'), await ending('jobs')];
    const waiting = new Map<string, string>();
    for (const lane of ['others', 'jobs', 'jobs'])
      waiting.set(await submit(bus.events, { order: { lane } }), lane);
    const claims = await append(...ends);
    assert.deepEqual(claims.map(({ jobId }) => jobId).toSorted(), [...waiting.keys()].toSorted());
    for (const { jobId, started, token } of claims) {
      assert.equal(started?.job.order.lane, waiting.get(jobId));
      const facts = [{ type: 'CommitReady', oid: 'c0ffee', leftUncommitted: false }] as const;
      const report = transition(started, { type: 'ReportProgress', attempt: 1, facts });
      assert.deepEqual(await bus.events.append({ ...report, claim: token }), { kind: 'appended' });
    }
  });

  test('starts as many as it has ended, not for ends that come too late', async () => {
    const [good, late] = [await ending(), await ending()];
    await carryOut(bus.events, late.jobId, { type: 'RequestCancel', by: 'somebody' });
    const waiting = [await submit(bus.events), await submit(bus.events)];
    const claims = await append(late, good);
    assert.deepEqual(
      claims.map(({ jobId, started }) => [jobId, started?.job.status]),
      [[waiting[0], 'running']],
    );
    assert.equal(await statusOf(waiting[1]), 'queued');
  });

  for (const [what, wait] of [
    [
      'whose record is too long for its entry',
      () => submit(bus.events, { order: { task: 'x'.repeat(9000) } }),
    ],
    [
      'that counts for its repository',
      async () => {
        const limited = await openBus(own.server, { keyPrefix, maxPerRepo: 1 });
        return submit(limited.events, { order: { repoUrl: 'https://git.example/a' } });
      },
    ],
    [
      'that was delayed',
      async () => {
        const jobId = await submit(bus.events, { order: { backoffS: 0 } });
        await bus.queue.claim('jobs', 'worker-1', never);
        await startAttempt(bus.events, jobId);
        await endAttempt(bus.events, jobId, { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'it crashed' });
        while ((await bus.queue.promoteDue(9)) === 0);
        return jobId;
      },
    ],
    [
      'whose entry is of an older version',
      async () => {
        const { admin } = own;
        const { lane, view } = openKeys(keyPrefix);
        const jobId = await submit(bus.events);
        const [entryId = '', fields = []] = (await admin.xrange(lane('jobs'), '-', '+')).at(-1) ?? [];
        await admin.xdel(lane('jobs'), entryId);
        const record = (fields[3] ?? '').replace(/^[^{]*/, '');
        const entry = await admin.xadd(lane('jobs'), '*', 'jobId', jobId, 'record', record);
        await editView(admin, view(jobId), 'entry', String(entry));
        return jobId;
      },
    ],
  ] as const)
    test(`leaves a job to its holder ${what}`, async () => {
      const end = await ending();
      const jobId = await wait();
      const [next] = await append(end);
      assert.equal(next?.jobId, jobId);
      assert.equal(next.started, undefined);
      assert.equal(await statusOf(jobId), 'queued');
      const start = { type: 'StartAttempt', worker: 'worker-1', host: 'host-1' } as const;
      const started = transition(next.known ?? (await bus.events.load(jobId)), start);
      assert.deepEqual(await bus.events.append({ ...started, claim: next.token }), { kind: 'appended' });
    });
});

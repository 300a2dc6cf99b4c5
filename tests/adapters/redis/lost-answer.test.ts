// A connection that breaks between a call and its answer: what was carried out is recognised, nothing happens twice.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isCode } from '../../../src/domain/errors.js';
import type { Bus } from '../../../src/ports/bus.js';
import type { Transition } from '../../../src/ports/event-log.js';
import { eventually } from '../../support/eventually.js';
import { needsOwnRedis } from '../../support/install-redis.js';
import { inFull, startAttempt, startTurn, submission, submit, transition } from '../../support/ledger.js';
import type { OwnRedis } from '../../support/redis-server.js';
import type { CuttingProxy } from './cutting-proxy.js';
import { eachWithProxiedBus } from './proxied-bus.js';
import { openBus } from './redis-under-test.js';

const TIMEOUT = { timeout: 30_000 };
const start = { type: 'StartAttempt', worker: 'worker-1', host: 'host-1' } as const;
const message = (seq: number) => ({ seq, kind: 'message', type: 'assistant', data: `{"n":${seq}}` }) as const;

describe('a lost answer on Redis', needsOwnRedis, () => {
  let redis: OwnRedis;
  let proxy: CuttingProxy;
  let bus: Bus; // through the proxy
  let other: Bus; // another process, undisturbed
  let keyPrefix: string;

  eachWithProxiedBus(async (scene) => {
    ({ redis, proxy, bus, other, keyPrefix } = scene);
    await submit(other.events); // Redis knows the script from here on
  });

  test('an append whose answer was lost is appended, once', TIMEOUT, async () => {
    const first = submission({ idempotency: { key: 'k', digest: 'd', ttlMs: 60_000 } });
    const cuts = proxy.cuts();
    proxy.loseNextAnswer();
    assert.deepEqual(await bus.events.append(first), { kind: 'appended' });
    assert.equal(proxy.cuts(), cuts + 1);
    const next = transition(first.after, start);
    proxy.loseNextAnswer();
    assert.deepEqual(await bus.events.append(next), { kind: 'appended' });
    assert.equal(proxy.cuts(), cuts + 2);
    assert.deepEqual(await bus.events.read(first.jobId), [...first.records, ...next.records]);
    const feed = await other.feed.read({ kind: 'job', jobId: first.jobId }, undefined, 9);
    assert.equal(feed.entries.length, 2);
    assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 2, running: 0 });
  });

  const FOR = { worker: 'worker-1', start: { host: 'host-1', credential: 'c' } };

  /** The end of a job that runs, before others that wait. */
  async function ending(): Promise<Transition> {
    const claim = await bus.queue.claim('jobs', 'worker-1', new AbortController().signal);
    const started = await startAttempt(bus.events, claim?.jobId ?? '');
    const end = { type: 'EndAttempt', attempt: 1, outcome: { kind: 'succeeded' }, jitter: 0 } as const;
    return transition(started, end);
  }

  for (const [what, nextFor] of [
    ['claimed', { worker: 'worker-1' }],
    ['claimed and started', FOR],
  ] as const)
    test(`what was ${what} is told again when the answer was lost`, TIMEOUT, async () => {
      const end = await ending();
      const waiting = await submit(other.events);
      await submit(other.events);
      proxy.loseNextAnswer();
      const ended = await bus.events.append({ ...end, nextFor });
      const next = ended.kind === 'appended' ? ended.next : undefined;
      assert.equal(next?.jobId, waiting);
      assert.equal(await next?.extend(), true);
      assert.deepEqual(inFull(next?.started ?? next?.known), inFull(await other.events.load(waiting)));
      assert.equal(next?.started?.job.attempt, nextFor === FOR ? 1 : undefined);
      assert.deepEqual(await other.queue.depth('jobs'), { waiting: 1, running: 1 });
    });

  test('what was claimed is told also when Redis was away for longer than others wait', TIMEOUT, async () => {
    const end = await ending();
    const waiting = await submit(other.events);
    proxy.loseNextAnswer(async () => proxy.shut());
    const ended = bus.events.append({ ...end, nextFor: FOR });
    await eventually('others are told that it is away', () =>
      bus.ping().then(
        () => false,
        (error) => isCode(error, 'BUS_UNREACHABLE'),
      ),
    );
    proxy.open();
    const result = await ended;
    assert.equal(result.kind === 'appended' && result.next?.started?.job.id, waiting);
  });

  test('what is claimed starts also with a call that Redis had not seen at first', TIMEOUT, async () => {
    const end = await ending();
    const waiting = await submit(other.events);
    proxy.loseNextCall();
    const result = await bus.events.append({ ...end, nextFor: FOR });
    const next = result.kind === 'appended' ? result.next : undefined;
    assert.deepEqual([next?.jobId, next?.started?.job.status], [waiting, 'running']);
    assert.deepEqual(inFull(next?.started), inFull(await other.events.load(waiting)));
  });

  test('many that were claimed are each told to one whose answer was lost', TIMEOUT, async () => {
    for (let n = 0; n < 2; n += 1) await submit(other.events);
    const all = [await ending(), await ending(), await ending()];
    const waiting = [await submit(other.events), await submit(other.events)];
    proxy.loseNextAnswer();
    const results = await Promise.all(all.map((end) => bus.events.append({ ...end, nextFor: FOR })));
    const claims = results.flatMap((result) => (result.kind === 'appended' ? (result.next ?? []) : []));
    assert.deepEqual(claims.map(({ jobId }) => jobId).toSorted(), waiting.toSorted());
    assert.deepEqual(
      claims.map(({ started }) => started?.job.status),
      ['running', 'running'],
    );
  });

  for (const worker of ['worker-1', 'worker-2'])
    test(`what ${worker} took over before the call was sent again is not told`, TIMEOUT, async () => {
      const end = await ending();
      const waiting = await submit(other.events);
      const third = await openBus(redis, { keyPrefix, leaseMs: 1 });
      proxy.loseNextAnswer(() =>
        eventually('it is taken over', async () => {
          const [taken] = await third.queue.reclaim('jobs', worker, 9);
          return taken?.jobId === waiting;
        }),
      );
      assert.deepEqual(await bus.events.append({ ...end, nextFor: FOR }), { kind: 'appended' });
      assert.deepEqual(await other.queue.depth('jobs'), { waiting: 0, running: 1 });
      await third.close();
    });

  test(
    'a direct turn whose answers were lost has begun, is extended and has ended once',
    TIMEOUT,
    async () => {
      const first = submission({ kind: 'turn', start: { worker: 'w', host: 'h' } });
      proxy.loseNextAnswer();
      assert.deepEqual(await bus.events.append(first), { kind: 'appended' });
      const lease = bus.queue.holdDirect(first.jobId, 1);
      await bus.queue.holdDirect(await startTurn(bus.events), 1).extend(); // Redis knows the script from here on
      proxy.loseNextAnswer();
      assert.equal(await lease.extend(), true);
      const lost = transition(first.after, { type: 'LoseAttempt', attempt: 1 });
      proxy.loseNextAnswer();
      assert.deepEqual(await bus.events.append(lost), { kind: 'appended' });
      assert.equal(await lease.extend(), false);
      assert.deepEqual(await other.events.read(first.jobId), [...first.records, ...lost.records]);
    },
  );

  test('the turn of a conversation whose answer was lost is taken, and ended, once', TIMEOUT, async () => {
    const { conversations } = bus;
    for (const holder of ['known', 'own']) {
      if (holder === 'own') proxy.loseNextAnswer();
      assert.equal(await conversations.takeTurn('c', holder, 60_000), true);
      assert.equal(await conversations.takeTurn('c', 'another', 60_000), false);
      if (holder === 'own') proxy.loseNextAnswer();
      await conversations.endTurn('c', holder);
      assert.equal(await other.conversations.holder('c'), undefined);
    }
  });

  test('an append that was lost before Redis saw it is appended by being sent again', TIMEOUT, async () => {
    const first = submission();
    proxy.loseNextCall();
    assert.deepEqual(await bus.events.append(first), { kind: 'appended' });
    assert.deepEqual(await other.events.read(first.jobId), first.records);
  });

  test('an append that was lost and then overtaken is a conflict', TIMEOUT, async () => {
    const first = submission();
    await other.events.append(first);
    proxy.loseNextCall();
    const appending = bus.events.append(transition(first.after, start));
    await other.events.append(transition(first.after, { type: 'RequestCancel', by: 'somebody' }));
    assert.deepEqual(await appending, { kind: 'conflict' });
  });

  test('an append whose answer was lost is recognised also when the ledger went on', TIMEOUT, async () => {
    const first = submission();
    await other.events.append(first);
    const next = transition(first.after, start);
    proxy.loseNextAnswer();
    const appending = bus.events.append(next);
    const overtaking = transition(next.after, { type: 'RequestCancel', by: 'somebody' });
    let result = await other.events.append(overtaking);
    while (result.kind === 'conflict') result = await other.events.append(overtaking);
    assert.deepEqual(await appending, { kind: 'appended' });
    assert.equal((await other.events.read(first.jobId)).length, 3);
  });

  for (const lose of ['loseNextAnswer', 'loseNextCall'] as const) {
    test(`messages under way keep their order and come once (${lose})`, TIMEOUT, async () => {
      const jobId = await submit(other.events);
      await startAttempt(other.events, jobId);
      await bus.transcript.append(jobId, 1, [message(1)]);
      proxy[lose]();
      const appends = Array.from({ length: 40 }, (_, n) => bus.transcript.append(jobId, 1, [message(n + 2)]));
      assert.deepEqual(new Set(await Promise.all(appends)), new Set(['appended']));
      const { entries } = await other.feed.read({ kind: 'job', jobId }, undefined, 99);
      const said = entries.filter(({ kind }) => kind === 'message').map(({ data }) => JSON.parse(data).n);
      assert.deepEqual(
        said,
        Array.from({ length: 41 }, (_, n) => n + 1),
      );
    });
  }

  test('a release, an ack and an extension whose answers were lost have happened once', TIMEOUT, async () => {
    const claim = await bus.queue.claim('jobs', 'worker-1', new AbortController().signal);
    assert.ok(claim);
    await claim.extend();
    proxy.loseNextAnswer();
    assert.equal(await claim.extend(), true);
    proxy.loseNextAnswer();
    await claim.release();
    assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 1, running: 0 });
    const again = await bus.queue.claim('jobs', 'worker-1', new AbortController().signal);
    proxy.loseNextAnswer();
    await again?.ack();
    assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 0, running: 0 });
  });
});

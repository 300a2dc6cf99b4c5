// Workers that wait at a lane of Redis: what comes in is given to them, and started, by whoever puts it there.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Redis } from 'ioredis';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import type { Bus } from '../../../src/ports/bus.js';
import type { Claim } from '../../../src/ports/command-queue.js';
import { eventually } from '../../support/eventually.js';
import { needsOwnRedis } from '../../support/install-redis.js';
import { endAttempt, inFull, startAttempt, submission, submit, transition } from '../../support/ledger.js';
import type { OwnRedis } from '../../support/redis-server.js';
import type { CuttingProxy } from './cutting-proxy.js';
import { eachWithProxiedBus } from './proxied-bus.js';
import { openAdmin, openBus } from './redis-under-test.js';

const TIMEOUT = { timeout: 30_000 };
const START = { host: 'host-1', credential: 'mine' };
const never = new AbortController().signal;

describe('a worker that waits on Redis', needsOwnRedis, () => {
  let redis: OwnRedis;
  let proxy: CuttingProxy;
  let admin: Redis;
  let bus: Bus; // through the proxy
  let other: Bus; // another process, undisturbed
  let keyPrefix: string;

  eachWithProxiedBus((scene) => {
    ({ redis, admin, proxy, bus, other, keyPrefix } = scene);
  });

  const offers = (): string => openKeys(keyPrefix).offers('jobs');

  /** Claims that wait, each for a worker of that name. */
  async function waiting(
    at: Bus,
    ...workers: readonly string[]
  ): Promise<readonly Promise<Claim | undefined>[]> {
    const before = await admin.llen(offers());
    const claims = workers.map((worker) => at.queue.claim('jobs', worker, never, START));
    const expected = before + new Set(workers).size;
    await eventually('they wait', async () => (await admin.llen(offers())) === expected);
    return claims;
  }

  /** The same claim for whichever of them is served first. */
  const any = (claims: readonly Promise<Claim | undefined>[]) => Promise.race(claims);

  test('is given what another process submits, started', TIMEOUT, async () => {
    const [claiming] = await waiting(bus, 'w');
    const jobId = await submit(other.events, { order: { task: 'ä "quoted" \u2028 task' } });
    const claim = await claiming;
    assert.equal(claim?.started?.job.status, 'running');
    assert.deepEqual(inFull(claim?.started), inFull(await other.events.load(jobId)));
    assert.deepEqual(await other.queue.depth('jobs'), { waiting: 0, running: 1 });
  });

  test('who waits longest is served first, each with as much as it has room for', TIMEOUT, async () => {
    const first = await waiting(bus, 'a', 'a');
    const second = await waiting(other, 'b');
    const jobs = await Promise.all([0, 1, 2].map(() => submit(other.events)));
    const claims = await Promise.all([...first, ...second]);
    assert.deepEqual(
      claims.map((claim) => [claim?.jobId, claim?.started?.job.worker]),
      [
        [jobs[0], 'a'],
        [jobs[1], 'a'],
        [jobs[2], 'b'],
      ],
    );
  });

  test('what waits in the lane already is started with the claim, too', TIMEOUT, async () => {
    const jobs = [await submit(other.events), await submit(other.events)];
    const claims = await Promise.all(jobs.map(() => bus.queue.claim('jobs', 'w', never, START)));
    assert.deepEqual(
      claims.map((claim) => [claim?.jobId, claim?.started?.job.status]),
      jobs.map((jobId) => [jobId, 'running']),
    );
    assert.deepEqual([await other.events.count('queued'), await other.events.count('running')], [0, 2]);
  });

  for (const [what, order] of [
    ['that has no other attempt to lose', { maxAttempts: 1 }],
    ['whose record is too long for its entry', { task: 'x'.repeat(9000) }],
  ] as const)
    test(`is given a job ${what}, not started`, TIMEOUT, async () => {
      const [claiming] = await waiting(bus, 'w');
      const jobId = await submit(other.events, { order });
      const claim = await claiming;
      assert.deepEqual([claim?.jobId, claim?.started], [jobId, undefined]);
      assert.equal((await other.events.load(jobId))?.job.status, 'queued');
    });

  test('is given nothing started while there is a breaker of its credential', TIMEOUT, async () => {
    await other.breaker.open('mine', Date.now() + 60_000);
    const [claiming] = await waiting(bus, 'w');
    const jobId = await submit(other.events);
    const claim = await claiming;
    assert.deepEqual([claim?.jobId, claim?.started], [jobId, undefined]);
  });

  test('is given what comes back: put back, handed back, delayed until now', TIMEOUT, async () => {
    await submit(other.events, { order: { backoffS: 0 } });
    const held = await other.queue.claim('jobs', 'b', never);
    const [first] = await waiting(bus, 'w');
    await held?.release();
    const claim = await first;
    assert.equal(claim?.jobId, held?.jobId);

    const { jobId = '', token } = claim ?? {};
    const started = await startAttempt(other.events, jobId);
    const [second] = await waiting(bus, 'w');
    const handBack = { type: 'EndAttempt', attempt: 1, outcome: { kind: 'handed-back' }, jitter: 0 } as const;
    await other.events.append({ ...transition(started, handBack), claim: token });
    assert.equal((await second)?.jobId, jobId);

    await startAttempt(other.events, jobId);
    const [third] = await waiting(bus, 'w');
    await endAttempt(other.events, jobId, { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'it crashed' });
    while ((await other.queue.promoteDue(9)) === 0);
    assert.equal((await third)?.jobId, jobId);
  });

  test('in two lanes of one call is given both', TIMEOUT, async () => {
    const lanes = ['jobs', 'others'];
    const claims = lanes.map((lane) => bus.queue.claim(lane, 'w', never, START));
    await eventually('they wait', async () => (await admin.llen(openKeys(keyPrefix).offers('others'))) === 1);
    const all = lanes.map((lane) => submission({ order: { lane } }));
    await Promise.all(all.map((one) => other.events.append(one)));
    const given = await Promise.all(claims);
    assert.deepEqual(
      given.map((claim) => [claim?.jobId, claim?.started?.job.status]),
      all.map(({ jobId }) => [jobId, 'running']),
    );
  });

  test('asks for what was given in a message that was lost', TIMEOUT, async () => {
    const [claiming] = await waiting(bus, 'w');
    proxy.loseNextMessage('bell:offers');
    const jobId = await submit(other.events);
    const claim = await claiming;
    assert.deepEqual([claim?.jobId, claim?.started?.job.status], [jobId, 'running']);
    assert.deepEqual(inFull(claim?.started), inFull(await other.events.load(jobId)));
    assert.equal(await claim?.extend(), true);
  });

  test(
    'is told once of what a message and the answer to a call that was sent again tell',
    TIMEOUT,
    async () => {
      await submit(other.events); // Redis knows the scripts from here on
      await bus.queue.claim('jobs', 'w', never);
      proxy.loseNextAnswer(() => submit(other.events));
      const claims = [0, 1].map(() => bus.queue.claim('jobs', 'w', never, START));
      const first = await any(claims);
      assert.equal(first?.started?.job.status, 'running');
      const next = await submit(other.events);
      const all = await Promise.all(claims);
      assert.deepEqual(all.map((claim) => claim?.jobId).toSorted(), [first?.jobId, next].toSorted());
    },
  );

  test('that is gone is given nothing, although its offer is still there', TIMEOUT, async () => {
    const [claiming] = await waiting(bus, 'w');
    claiming?.catch(() => undefined); // its bus is closed under it
    await bus.close();
    assert.equal(await admin.llen(offers()), 1);
    const jobId = await submit(other.events);
    assert.equal((await other.events.load(jobId))?.job.status, 'queued');
    assert.deepEqual(await other.queue.depth('jobs'), { waiting: 1, running: 0 });
    assert.equal((await other.queue.claim('jobs', 'b', never, START))?.jobId, jobId);
  });

  test('that cannot take its offer back is given nothing any more', TIMEOUT, async () => {
    const stop = new AbortController();
    const claiming = bus.queue.claim('jobs', 'w', stop.signal, START);
    await eventually('it waits', async () => (await admin.llen(offers())) === 1);
    const listening = async (): Promise<readonly string[]> =>
      admin.pubsub('CHANNELS', `${openKeys(keyPrefix).offerBell('*')}`) as Promise<string[]>;
    assert.equal((await listening()).length, 1);
    // Its connection for calls goes; the one for messages stays.
    proxy.shut();
    const clients = String(await admin.client('LIST')).split('\n');
    const calls = clients.filter(
      (line) => line.includes('cmd=eval') && line.includes('name=agenticore:test '),
    );
    for (const line of calls) await admin.call('CLIENT', 'KILL', 'ID', /id=(\d+)/.exec(line)?.[1] ?? '');
    stop.abort();
    assert.equal(await claiming, undefined);
    await eventually('nobody listens', async () => (await listening()).length === 0);
    assert.equal(await admin.llen(offers()), 1);
    const late = await openBus(redis, { keyPrefix });
    const jobId = await submit(late.events);
    assert.equal((await late.events.load(jobId))?.job.status, 'queued');
    proxy.open();
    await late.close();
  });

  test('that leaves while Redis stands still does not wait for it', TIMEOUT, async () => {
    const stop = new AbortController();
    const claiming = other.queue.claim('jobs', 'w', stop.signal, START);
    await eventually('it waits', async () => (await admin.llen(offers())) === 1);
    redis.signal('SIGSTOP');
    try {
      stop.abort();
      assert.equal(await claiming, undefined);
    } finally {
      redis.signal('SIGCONT');
    }
    await eventually('it is back', () => other.ping().then(() => true));
  });

  /** Has the workers of a bus ask again, as after a while. */
  const ring = async (nth: number): Promise<unknown> => {
    const call = (await admin.lindex(offers(), nth)) ?? '';
    const { channel } = JSON.parse((await admin.get(`${offers()}:${call}`)) ?? '');
    return admin.publish(channel, 'ask again');
  };

  test('keeps its place among others when it asks again', TIMEOUT, async () => {
    const claims = [...(await waiting(bus, 'a')), ...(await waiting(other, 'b'))];
    const line = await admin.lrange(offers(), 0, -1);
    const first = `${offers()}:${line[0]}`;
    await admin.pexpire(first, 9_000);
    await ring(0);
    await eventually('it has asked again', async () => (await admin.pttl(first)) > 9_000);
    assert.deepEqual(await admin.lrange(offers(), 0, -1), line);
    const jobs = [await submit(other.events), await submit(other.events)];
    const given = await Promise.all(claims);
    assert.deepEqual(
      given.map((claim) => claim?.jobId),
      jobs,
    );
  });

  test('finds what came into the lane behind its back, and waits no more then', TIMEOUT, async () => {
    const [claiming] = await waiting(bus, 'a');
    await admin.xadd(openKeys(keyPrefix).lane('jobs'), '*', 'jobId', 'a job');
    await ring(0);
    assert.equal((await claiming)?.jobId, 'a job');
    assert.deepEqual(await admin.lrange(offers(), 0, -1), []);
  });

  test(
    'whose Redis has filled up meanwhile has no offer there, and waits again when there is room',
    TIMEOUT,
    async () => {
      const [claiming] = await waiting(bus, 'a');
      await admin.config('SET', 'maxmemory', '1');
      try {
        await ring(0);
        await eventually('its offer is gone', async () => (await admin.llen(offers())) === 0);
      } finally {
        await admin.config('SET', 'maxmemory', '0');
      }
      await eventually('it waits', async () => (await admin.llen(offers())) === 1);
      const jobId = await submit(other.events);
      const claim = await claiming;
      assert.deepEqual([claim?.jobId, claim?.started?.job.status], [jobId, 'running']);
    },
  );

  test('an offer that makes no sense is dropped, and harms nobody', TIMEOUT, async () => {
    const odd = { channel: 'c', worker: 'odd', count: 1 };
    const subscriber = openAdmin(redis);
    await subscriber.subscribe('c');
    const names = [
      ['many', JSON.stringify({ ...odd, count: 1.5 })],
      ['none', JSON.stringify({ ...odd, count: 0 })],
      ['text', '{'],
      ['number', '1'],
      ['list', '[]'],
      ['half', JSON.stringify({ ...odd, start: { lead: 1 } })],
    ];
    for (const [call = '', text = ''] of names) {
      await admin.set(`${offers()}:${call}`, text);
      await admin.rpush(offers(), call);
    }
    await admin.xgroup('CREATE', openKeys(keyPrefix).lane('jobs'), 'workers', '0', 'MKSTREAM');
    const first = await submit(other.events); // goes to the last of them, which is whole enough for that
    assert.equal((await other.events.load(first))?.job.status, 'queued');
    const [claiming] = await waiting(bus, 'w');
    const second = await submit(other.events);
    assert.deepEqual([(await claiming)?.jobId, await admin.llen(offers())], [second, 0]);
    subscriber.disconnect();
  });

  test('a Redis that is full gives what waits, not started, and has no place to wait', TIMEOUT, async () => {
    const jobId = await submit(other.events);
    await admin.config('SET', 'maxmemory', '1');
    try {
      const claim = await bus.queue.claim('jobs', 'w', never, START);
      assert.deepEqual([claim?.jobId, claim?.started], [jobId, undefined]);
      const refused = async (): Promise<string> =>
        /errorstat_OOM:count=(\d+)/.exec(await admin.info('errorstats'))?.[1] ?? '';
      const before = await refused();
      const claiming = bus.queue.claim('jobs', 'w', never, START);
      await eventually('it was refused', async () => (await refused()) !== before);
      assert.equal(await admin.exists(offers()), 0);
      await admin.config('SET', 'maxmemory', '0');
      const next = await submit(other.events);
      assert.equal((await claiming)?.jobId, next);
    } finally {
      await admin.config('SET', 'maxmemory', '0');
    }
  });

  test('leaves nothing behind of offers that were met or given up', TIMEOUT, async () => {
    const [claiming] = await waiting(bus, 'w');
    await submit(other.events);
    await claiming;
    const stop = new AbortController();
    const givenUp = bus.queue.claim('jobs', 'w', stop.signal, START);
    await eventually('it waits', async () => (await admin.llen(offers())) === 1);
    stop.abort();
    assert.equal(await givenUp, undefined);
    assert.deepEqual(await admin.keys(`${offers()}*`), []);
  });

  test(
    'a job that starts with another call that has it, too, leaves the lists of those that wait',
    TIMEOUT,
    async () => {
      await submit(other.events);
      const running = await other.queue.claim('jobs', 'w', never, START);
      const jobId = await submit(other.events);
      const stored = await other.events.load(jobId);
      const stale = { ...transition(stored, { type: 'RequestCancel', by: 'x' }), expectedVersion: 2 };
      const end = { type: 'EndAttempt', attempt: 1, outcome: { kind: 'succeeded' }, jitter: 0 } as const;
      const ending = { ...transition(running?.started, end), nextFor: { worker: 'w', start: START } };
      const [refused, ended] = await Promise.all([other.events.append(stale), other.events.append(ending)]);
      assert.deepEqual([refused.kind, ended.kind], ['conflict', 'appended']);
      assert.equal((await other.events.load(jobId))?.job.status, 'running');
      assert.deepEqual([await other.events.count('queued'), await other.events.count('running')], [0, 1]);
    },
  );
});

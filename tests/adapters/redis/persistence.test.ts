// What a Redis keeps over its death depends on how it is set up; what it forgot must never pass for the truth.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Redis } from 'ioredis';
import { findWeaknesses } from '../../../src/adapters/redis/weaknesses.js';
import { runAttempt } from '../../../src/app/run-attempt.js';
import type { Bus } from '../../../src/ports/bus.js';
import { type Act, LEASE_MS, report, say, setStage, workUntilStopped } from '../../app/doubles.js';
import { eventually } from '../../support/eventually.js';
import { needsOwnRedis } from '../../support/install-redis.js';
import { submit } from '../../support/ledger.js';
import { type OwnRedis, startOwnRedis } from '../../support/redis-server.js';
import { openAdmin, openBus } from './redis-under-test.js';

const TIMEOUT = { timeout: 240_000 };
const never = new AbortController().signal;

/** Kills Redis and starts it again; resolves when the bus answers. */
async function restart(redis: OwnRedis, bus: Bus): Promise<void> {
  await redis.kill();
  await redis.start();
  await eventually('the bus is back', () => bus.ping().then(() => true));
}

async function withAdmin<T>(redis: OwnRedis, use: (admin: Redis) => Promise<T>): Promise<T> {
  const admin = openAdmin(redis);
  try {
    return await use(admin);
  } finally {
    admin.disconnect();
  }
}

const snapshot = (redis: OwnRedis): Promise<unknown> => withAdmin(redis, (admin) => admin.save());

describe('a Redis that is killed', needsOwnRedis, () => {
  for (const appendfsync of ['always', 'everysec']) {
    test(`with appendfsync ${appendfsync}: has everything it acknowledged`, TIMEOUT, async () => {
      const redis = await startOwnRedis({ durable: true });
      const bus = await openBus(redis);
      try {
        await withAdmin(redis, (admin) => admin.config('SET', 'appendfsync', appendfsync));
        const accepted: string[] = [];
        for (let n = 0; n < 50; n += 1) accepted.push(await submit(bus.events));
        await restart(redis, bus);
        for (const id of accepted) assert.ok(await bus.events.load(id));
        assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 50, running: 0 });
      } finally {
        await bus.close();
        await redis.stop();
      }
    });
  }
});

describe('a Redis that forgot', needsOwnRedis, () => {
  let redis: OwnRedis | undefined;
  after(() => redis?.stop());

  /**
   * Runs an attempt whose claude speaks, has Redis go back to what it was at `saved`, and works until it is stopped.
   * No file keeps what came after a snapshot.
   */
  async function forgetful(saved: 'before the job' | 'before the claim' | 'while claude works', act?: Act) {
    redis ??= await startOwnRedis();
    const server = redis;
    const bus = await openBus(server, { leaseMs: LEASE_MS });
    const facts: Record<string, unknown>[] = [];
    const stage = await setStage({
      act: async (order, listener, signal) => {
        listener.started(1);
        await say(listener, 'kept');
        const jobId = order.tag.split('.')[0] ?? '';
        await eventually('it is stored', async () => (await messages(bus, jobId)) === 1);
        if (saved === 'while claude works') await snapshot(server);
        await say(listener, 'forgotten');
        await say(listener, 'forgotten as well');
        await eventually('they are stored', async () => (await messages(bus, jobId)) === 3);
        await restart(server, bus);
        return (act ?? speakUntilStopped)(order, listener, signal);
      },
      over: {
        events: bus.events,
        transcript: bus.transcript,
        feed: bus.feed,
        log: (fact, fields) => facts.push({ fact, ...fields }),
      },
    });
    try {
      if (saved === 'before the job') await snapshot(server);
      const jobId = await submit(bus.events, { order: { backoffS: 3600 } });
      if (saved === 'before the claim') await snapshot(server);
      const claim = await bus.queue.claim('jobs', 'worker-1', never);
      assert.ok(claim);
      await runAttempt(stage.deps, claim, never);
      const job = (await bus.events.load(jobId))?.job;
      const ended = facts.find(({ fact }) => fact === 'attempt.ended');
      return { job, kind: ended?.kind, code: ended?.code, depth: await bus.queue.depth('jobs') };
    } finally {
      await stage.close();
      await bus.close();
      await withAdmin(server, (admin) => admin.flushall());
    }
  }

  const messages = async (bus: Bus, jobId: string): Promise<number> => {
    const { entries } = await bus.feed.read({ kind: 'job', jobId }, undefined, 100);
    return entries.filter(({ kind }) => kind === 'message').length;
  };

  const speakUntilStopped: Act = async (order, listener, signal) => {
    await say(listener, 'after it');
    return workUntilStopped(order, { ...listener, started: () => {} }, signal);
  };

  test('the job: its claude is stopped, and nothing of it comes back', TIMEOUT, async () => {
    const { job, kind, depth } = await forgetful('before the job');
    assert.deepEqual([job, kind, depth], [undefined, 'overtaken', { waiting: 0, running: 0 }]);
  });

  test('the claim: its claude is stopped, and the job waits for the next worker', TIMEOUT, async () => {
    const { job, kind, depth } = await forgetful('before the claim');
    assert.deepEqual([job?.status, job?.attempt, kind, depth.waiting], ['queued', 0, 'overtaken', 1]);
  });

  test('messages: the attempt is stopped and done again', TIMEOUT, async () => {
    const { job, kind, code } = await forgetful('while claude works');
    assert.deepEqual(
      [job?.status, job?.code, kind, code],
      ['queued', 'EVIDENCE_LOST', 'failed', 'EVIDENCE_LOST'],
    );
  });

  test('messages, unnoticed until claude is done: all the same', TIMEOUT, async () => {
    const { job, code } = await forgetful('while claude works', async () => ({
      kind: 'succeeded',
      ...report,
    }));
    assert.deepEqual([job?.status, code], ['queued', 'EVIDENCE_LOST']);
  });
});

describe('the settings of a Redis', needsOwnRedis, () => {
  test('are told to be weak where they are, also when CONFIG is forbidden', TIMEOUT, async () => {
    const redis = await startOwnRedis();
    const bus = await openBus(redis);
    const facts = async (from: Bus): Promise<string> =>
      (await from.weaknesses()).map(({ fact }) => fact).join('\n');
    try {
      await withAdmin(redis, async (admin) => {
        assert.match(await facts(bus), /^Redis keeps no append-only file[^\n]*$/);
        await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
        assert.match(await facts(bus), /no append-only file.*\n.*allkeys-lru/);
        await admin.config('SET', 'maxmemory-policy', 'noeviction');
        await admin.config('SET', 'appendonly', 'yes');
        assert.match(await facts(bus), /^Redis syncs its append-only file once a second[^\n]*$/);
        await admin.config('SET', 'appendfsync', 'no');
        assert.match(await facts(bus), /^Redis never syncs[^\n]*$/);
        await admin.config('SET', 'appendfsync', 'always');
        assert.deepEqual(await bus.weaknesses(), []);

        const anHour = 3_600_000;
        const ofHost = async (offMs: number): Promise<readonly string[]> =>
          (await findWeaknesses(admin, () => Date.now() + offMs)).map(({ fact }) => fact);
        assert.match(
          (await ofHost(anHour)).join('\n'),
          /^The clock of this host is 3\d{3} s ahead of[^\n]*$/,
        );
        assert.match((await ofHost(-anHour)).join('\n'), /^The clock of this host is 3\d{3} s behind[^\n]*$/);

        await admin.call('ACL', 'SETUSER', 'small', 'on', '>pw', '~*', '&*', '+@all', '-config');
        const small = await openBus({ ...redis, url: redis.url.replace('//', '//small:pw@') });
        assert.match(await facts(small), /^Redis does not tell how it syncs[^\n]*$/);
        await admin.call('ACL', 'SETUSER', 'small', '-info');
        assert.match(await facts(small), /^Redis does not tell how it keeps[^\n]*$/);
        await small.close();
      });
    } finally {
      await bus.close();
      await redis.stop();
    }
  });
});

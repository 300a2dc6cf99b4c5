// Names of workers in a lane's group: nobody's are forgotten, but never one that still holds something or lives.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import type { Bus } from '../../../src/ports/bus.js';
import { eventually } from '../../support/eventually.js';
import { submit } from '../../support/ledger.js';
import { freshPrefix, openBus, useRedis } from './redis-under-test.js';

const never = (): AbortSignal => new AbortController().signal;
const alive = { host: 'h', version: '1', slots: 1, running: [], draining: false, startedAt: 1, seenAt: 1 };

describe('the names of workers in a lane', () => {
  const own = useRedis();

  const withBus = async (body: (bus: Bus, names: () => Promise<readonly string[]>) => Promise<void>) => {
    const keyPrefix = freshPrefix(own.server);
    const bus = await openBus(own.server, { keyPrefix, leaseMs: 1000 });
    const names = async (): Promise<readonly string[]> => {
      const consumers = (await own.admin.xinfo(
        'CONSUMERS',
        openKeys(keyPrefix).lane('jobs'),
        'workers',
      )) as unknown[][];
      return consumers.map((facts) => String(facts[1])).sort();
    };
    try {
      await body(bus, names);
    } finally {
      await bus.close();
    }
  };

  test('a lane that nobody has used has none', async () => {
    await withBus(async ({ queue }) => assert.equal(await queue.forgetDead('jobs'), 0));
  });

  test('the dead are forgotten when they hold nothing; who holds an entry stays, and so does the entry', async () => {
    await withBus(async ({ events, queue, registry }, names) => {
      await registry.beat({ worker: 'living', ...alive }, 60_000);
      await registry.beat({ worker: 'lapsed', ...alive }, 1);
      const jobs = [];
      for (const worker of ['dead-idle', 'dead-holding', 'living', 'lapsed']) {
        jobs.push(await submit(events));
        const claim = await queue.claim('jobs', worker, never());
        if (worker !== 'dead-holding') await claim?.ack();
      }
      await eventually('a heartbeat lapses', async () => (await registry.list()).length === 1);
      assert.equal(await queue.forgetDead('jobs'), 2);
      assert.deepEqual(await names(), ['dead-holding', 'living']);
      assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 1 });
      const stolen = await eventually('the entry can be taken over', async () => {
        const [claim] = await queue.reclaim('jobs', 'living', 1);
        return claim;
      });
      assert.equal(stolen.jobId, jobs[1]);
      await stolen.ack();
      assert.equal(await queue.forgetDead('jobs'), 1);
      assert.deepEqual(await names(), ['living']);
    });
  });

  test('a worker that is forgotten while it waits still gets the next entry, and holds it', async () => {
    await withBus(async ({ events, queue }, names) => {
      await submit(events);
      await (await queue.claim('jobs', 'quiet', never()))?.ack();
      const waiting = queue.claim('jobs', 'quiet', never());
      await eventually('it waits, and is forgotten', async () => (await queue.forgetDead('jobs')) === 1);
      const jobId = await submit(events);
      const claim = await waiting;
      assert.equal(claim?.jobId, jobId);
      assert.equal(await claim?.extend(), true);
      assert.equal(await queue.forgetDead('jobs'), 0);
      assert.deepEqual(await names(), ['quiet']);
    });
  });
});

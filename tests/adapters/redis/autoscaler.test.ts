// The promise that autoscaling stands on: the length of a lane is the number of its jobs that wait or run, at every
// step. Proved by random walks; and proved to be able to fail, by mutants of the trigger and of the endings.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import { podsWanted, type Trigger, triggerMetric } from '../../support/autoscaler.js';
import { needsOwnRedis } from '../../support/install-redis.js';
import { submit } from '../../support/ledger.js';
import { type OwnRedis, startOwnRedis } from '../../support/redis-server.js';
import { type LaneState, type Sabotage, walkLane } from './lane-walk.js';
import { freshPrefix, openAdmin, openBus, useRedis } from './redis-under-test.js';

const TIMEOUT = { timeout: 120_000 };
const STEPS = 400;
const SEEDS = [20_260_101, 7] as const;
const SLOTS = 2;
const MAX_PODS = 1000;

type TriggersOf = (stream: string) => readonly Trigger[];
const byLength: TriggersOf = (stream) => [{ stream, target: SLOTS, mode: 'length' }];
const byPending: TriggersOf = (stream) => [{ stream, target: SLOTS, mode: 'pending' }];
const byLag: TriggersOf = (stream) => [{ stream, target: SLOTS, mode: 'lag' }];

describe('what an autoscaler sees of a lane', () => {
  const own = useRedis();

  /** The first step at which the triggers ask for another number of pods than there is work for. */
  const firstFault = (seed: number, triggersOf: TriggersOf, sabotage: Sabotage = 'none') =>
    walkLane(own.server, own.admin, { seed, steps: STEPS, sabotage }, async ({ stream, open }: LaneState) => {
      const triggers = triggersOf(stream);
      const metrics = await Promise.all(triggers.map((trigger) => triggerMetric(own.admin, trigger)));
      const [asked, wanted] = [
        podsWanted(metrics, triggers, MAX_PODS),
        Math.min(MAX_PODS, Math.ceil(open / SLOTS)),
      ];
      if (asked !== wanted) return `${asked} pods asked for, ${wanted} wanted`;
      const length = await own.admin.xlen(stream);
      const [claimed] = (await own.admin.xpending(stream, 'workers')) as [number];
      if (length !== open) return `the lane has ${length} entries, ${open} jobs wait or run`;
      return claimed > length ? `${claimed} claimed of ${length} entries` : undefined;
    });

  for (const seed of SEEDS) {
    test(
      `its length is the number of admitted jobs at each of ${STEPS} random steps (seed ${seed})`,
      TIMEOUT,
      async () => {
        assert.equal(await firstFault(seed, byLength), undefined);
      },
    );
  }

  const mutants: Readonly<Record<string, () => Promise<string | undefined>>> = {
    'a trigger with a consumer group, which counts claimed entries only': () => firstFault(7, byPending),
    'a trigger by lag, which counts waiting entries only': () => firstFault(7, byLag),
    'two triggers, of which the larger wins instead of their sum': () =>
      firstFault(7, (stream) => [...byPending(stream), ...byLag(stream)]),
    'endings that delete their entry but do not acknowledge it': () =>
      firstFault(7, byLength, 'deleted, not acknowledged'),
    'endings that acknowledge their entry but do not delete it': () =>
      firstFault(7, byLength, 'acknowledged, not deleted'),
  };
  for (const [mutant, fault] of Object.entries(mutants)) {
    test(`a mutant is found out: ${mutant}`, TIMEOUT, async () => {
      assert.match((await fault()) ?? 'not found out', /^step \d+/);
    });
  }

  test('a lane that was never used has length 0, and the first job wakes the fleet', async () => {
    const keyPrefix = freshPrefix(own.server);
    const [trigger] = byLength(openKeys(keyPrefix).lane('jobs'));
    assert.ok(trigger);
    assert.equal(await triggerMetric(own.admin, trigger), 0);
    const bus = await openBus(own.server, { keyPrefix });
    await submit(bus.events);
    await bus.close();
    assert.equal(podsWanted([await triggerMetric(own.admin, trigger)], [trigger], MAX_PODS), 1);
  });
});

describe('the user that an autoscaler reads with', needsOwnRedis, () => {
  let redis: OwnRedis;
  before(async () => {
    redis = await startOwnRedis();
  });
  after(() => redis.stop());

  test('may read the length of the lane and nothing else', async () => {
    const lane = openKeys('agenticore').lane('jobs');
    const admin = openAdmin(redis);
    const rules = ['on', '>secret', 'resetkeys', `%R~${lane}`, '-@all', '+ping', '+hello', '+xlen'];
    await admin.acl('SETUSER', 'keda', ...rules);
    await admin.xadd(lane, '*', 'jobId', 'j');
    const options = {
      username: 'keda',
      password: 'secret',
      disableClientInfo: true,
      enableReadyCheck: false,
    };
    const keda = new Redis(redis.url, options);
    try {
      assert.equal(await keda.xlen(lane), 1);
      await assert.rejects(keda.xadd(lane, '*', 'jobId', 'x'), /NOPERM/);
      await assert.rejects(keda.xlen(openKeys('agenticore').fleet), /NOPERM/);
    } finally {
      keda.disconnect();
      admin.disconnect();
    }
  });
});

// What is derived from the ledgers can be lost or damaged; a rebuild finds it, mends it, and lets alone what is well.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Keys, openKeys } from '../../../src/adapters/redis/keys.js';
import { parseView } from '../../../src/adapters/redis/view.js';
import { type Rebuilt, rebuildJobs } from '../../../src/app/admin/rebuild-jobs.js';
import type { Bus } from '../../../src/ports/bus.js';
import { carryOut, endAttempt, sha256, startAttempt, startTurn, submit } from '../../support/ledger.js';
import { keep } from '../../surfaces/cli/admin/keeper.js';
import { editView } from './edited-view.js';
import { freshPrefix, openBus, useRedis } from './redis-under-test.js';

const never = new AbortController().signal;
const own = useRedis();

interface Scope {
  after(done: () => Promise<void>): void;
}

interface Scene {
  readonly bus: Bus;
  readonly keys: Keys;
}

async function scene(t: Scope, keyPrefix = freshPrefix(own.server)): Promise<Scene> {
  const bus = await openBus(own.server, { keyPrefix, maxPerRepo: 1 });
  t.after(() => bus.close());
  return { bus, keys: openKeys(keyPrefix) };
}

async function rebuilt(bus: Bus, mend: boolean): Promise<Rebuilt[]> {
  const all: Rebuilt[] = [];
  for await (const one of rebuildJobs(bus, sha256, mend, () => {})) all.push(one);
  return all;
}

/** One job in every place where a job can be, by the name of the place. */
async function everywhere(bus: Bus): Promise<Readonly<Record<string, string>>> {
  const claimed = async (order: { readonly maxAttempts?: number; readonly repoUrl?: string } = {}) => {
    const jobId = await submit(bus.events, { order });
    assert.equal((await bus.queue.claim('jobs', 'worker-1', never))?.jobId, jobId);
    await startAttempt(bus.events, jobId);
    return jobId;
  };
  const failed = { kind: 'failed', code: 'MODEL_OVERLOADED', error: 'busy' } as const;
  const delayed = await claimed();
  await endAttempt(bus.events, delayed, failed);
  const dead = await claimed({ maxAttempts: 1 });
  await endAttempt(bus.events, dead, failed);
  const succeeded = await claimed();
  await endAttempt(bus.events, succeeded, { kind: 'succeeded' });
  const running = await claimed({ repoUrl: 'https://example.com/a' });
  const held = await submit(bus.events, { order: { repoUrl: 'https://example.com/a' } });
  const waiting = await submit(bus.events);
  const cancelled = await submit(bus.events);
  await carryOut(bus.events, cancelled, { type: 'RequestCancel', by: 'me' });
  const direct = await startTurn(bus.events);
  const answered = await startTurn(bus.events);
  await endAttempt(bus.events, answered, { kind: 'succeeded' });
  return { delayed, dead, succeeded, running, held, waiting, cancelled, direct, answered };
}

describe('rebuilding on Redis', () => {
  it('finds nothing wrong with jobs in any place', async (t) => {
    const { bus } = await scene(t);
    await everywhere(bus);
    assert.deepEqual(await rebuilt(bus, false), []);
    const told = await keep(bus, ['rebuild', '--dry-run']);
    assert.deepEqual([told.code, told.err], [0, '9 jobs looked at, all agree with their ledgers\n']);
  });

  it('puts right whose end is to be told, and lets alone who is telling it', async (t) => {
    const { bus, keys } = await scene(t);
    const order = { callbackUrl: 'https://example.com/' };
    const [lost, told] = [await submit(bus.events, { order }), await submit(bus.events, { order })];
    for (const jobId of [lost, told]) await carryOut(bus.events, jobId, { type: 'RequestCancel', by: 'me' });
    await bus.callbacks.take(Date.now(), 9, Date.now() + 60_000);
    assert.deepEqual(await rebuilt(bus, false), []);
    const outcome = { kind: 'delivered', httpStatus: 204 } as const;
    await carryOut(bus.events, told, { type: 'RecordCallback', outcome, jitter: 0 });
    await own.admin.zrem(keys.callbacks, lost);
    await own.admin.zadd(keys.callbacks, 1, told);
    const found = (await rebuilt(bus, true)).map(({ jobId, what }) => [jobId, what]);
    assert.deepEqual(Object.fromEntries(found), { [lost]: ['callback'], [told]: ['callback'] });
    assert.deepEqual(await rebuilt(bus, false), []);
    assert.deepEqual(await bus.callbacks.take(Date.now(), 9, Date.now()), [lost]);
  });

  it('lets alone what a limit holds that the configuration of the keeper does not have', async (t) => {
    const keyPrefix = freshPrefix(own.server);
    const { bus } = await scene(t, keyPrefix);
    const { held = '', running = '' } = await everywhere(bus);
    const keeper = await openBus(own.server, { keyPrefix, maxPerRepo: 0 });
    t.after(() => keeper.close());
    assert.deepEqual(await rebuilt(keeper, true), []);
    await endAttempt(bus.events, running, { kind: 'succeeded' });
    assert.equal((await bus.queue.depth('jobs')).waiting, 2);
    assert.equal((await bus.events.load(held))?.job.status, 'queued');
    assert.deepEqual(await rebuilt(keeper, false), []);
  });

  it('mends what was lost or damaged, and says what it was', async (t) => {
    const { bus, keys } = await scene(t);
    const jobs = await everywhere(bus);
    const { delayed = '', dead = '', succeeded = '', running = '', held = '', waiting = '' } = jobs;
    const { direct = '', answered = '' } = jobs;
    const before = new Map(
      await Promise.all(
        Object.values(jobs).map(async (id) => [id, (await bus.events.load(id))?.job] as const),
      ),
    );
    await own.admin.zrem(keys.delayed, delayed);
    await own.admin.del(keys.dead);
    await editView(own.admin, keys.view(succeeded), 'status', 'damaged');
    await own.admin.zadd(keys.index('queued'), 1, succeeded);
    await own.admin.zrem(keys.jobs, running);
    await editView(own.admin, keys.view(running), 'entry', '-');
    await own.admin.zrem(keys.held('https://example.com/a'), held);
    const { entry = '' } = parseView(await own.admin.get(keys.view(waiting)));
    await own.admin.xdel(keys.lane('jobs'), entry);
    for (const list of await own.admin.keys(`${keys.due('')}*`)) await own.admin.lrem(list, 0, waiting);
    await own.admin.xadd(keys.lane('jobs'), '*', 'jobId', 'nobody');
    await own.admin.zadd(keys.jobs, 1, 'ghost');
    await own.admin.zrem(keys.leases, direct);
    await own.admin.zadd(keys.leases, 1, answered, 1, 'lost');

    const heldKeys = await own.admin.keys(`${keys.prefix}held:*`);
    for (const key of heldKeys) await own.admin.del(key);
    const expected: Readonly<Record<string, readonly string[]>> = {
      [delayed]: ['place'],
      [dead]: ['dead letter'],
      [succeeded]: ['view', 'indices'],
      [running]: ['indices', 'place'],
      [held]: ['place'],
      [waiting]: ['upkeep', 'place'],
      nobody: ["an entry of lane jobs that is no job's"],
      ghost: ['a place in the list of jobs, but no ledger'],
      lost: ['a lease, but no ledger'],
      [direct]: ['lease'],
      [answered]: ['lease'],
    };
    const told = await keep(bus, ['rebuild', '--dry-run', '--json']);
    assert.equal(told.code, 1);
    const found = JSON.parse(told.out).differed as { job_id: string; differed: string[]; mended: boolean }[];
    // The entry that the view of the running job does not name counts as a stray until the view is mended.
    const withoutRunning = found.filter(({ job_id: id, differed }) => id !== running || differed.length > 1);
    assert.deepEqual(Object.fromEntries(withoutRunning.map((one) => [one.job_id, one.differed])), expected);
    assert.ok(found.every(({ mended }) => !mended));

    const mended = await keep(bus, ['rebuild']);
    assert.equal(mended.code, 0);
    assert.match(mended.err, /9 jobs looked at, 11 were mended/);
    assert.deepEqual(await rebuilt(bus, false), []);
    for (const [id, job] of before) assert.deepEqual((await bus.events.load(id))?.job, job);
    assert.deepEqual(
      (await bus.deadLetters.list(5)).letters.map(({ jobId }) => jobId),
      [dead],
    );
    const [holder] = await bus.custody.pending();
    assert.deepEqual([holder?.jobId, holder?.worker], [running, 'worker-1'], 'its worker has kept its claim');
    assert.equal(await bus.events.load('ghost'), undefined);

    assert.deepEqual(await own.admin.zrange(keys.leases, '0', '-1'), [direct]);
    assert.equal(await bus.queue.holdDirect(direct, 1).extend(), true, 'its worker has kept its lease');
    assert.deepEqual(await bus.queue.lapsedDirect(9), []);

    await bus.queue.promoteDue(10);
    const next = await bus.queue.claim('jobs', 'worker-2', never);
    assert.equal(next?.jobId, waiting);
    await endAttempt(bus.events, running, { kind: 'succeeded' });
    assert.equal((await bus.queue.claim('jobs', 'worker-2', never))?.jobId, held);
    assert.deepEqual(await rebuilt(bus, false), []);
  });

  it('brings back a view that is gone', async (t) => {
    const { bus, keys } = await scene(t);
    const jobs = await everywhere(bus);
    for (const jobId of Object.values(jobs)) await own.admin.del(keys.view(jobId));
    await rebuilt(bus, true);
    assert.deepEqual(await rebuilt(bus, false), []);
    assert.equal((await bus.events.load(jobs.succeeded ?? ''))?.job.status, 'succeeded');
    assert.equal((await bus.queue.depth('jobs')).running, 1);
  });

  it('only reports a ledger that is broken', async (t) => {
    const { bus, keys } = await scene(t);
    const { succeeded = '' } = await everywhere(bus);
    const record = (await own.admin.lindex(keys.ledger(succeeded), 0)) ?? '';
    await own.admin.lset(keys.ledger(succeeded), 0, record.replace('make the test pass', 'make it fail'));
    const { code, out, err } = await keep(bus, ['rebuild']);
    assert.equal(code, 1);
    assert.equal(out, `${succeeded}\tits ledger breaks at version 2\n`);
    assert.match(err, /cannot be mended/);
  });

  it('takes away what is left of broken jobs when somebody gives their ledgers up', async (t) => {
    const { bus, keys } = await scene(t);
    const jobs = await everywhere(bus);
    const others = Object.values(jobs).filter((jobId) => jobId !== jobs.dead && jobId !== jobs.running);
    const broken = [jobs.dead ?? '', jobs.running ?? ''];
    for (const jobId of broken) await own.admin.lset(keys.ledger(jobId), 0, '1-0 {broken');
    for (const words of [['rebuild', '--dry-run'], ['rebuild']]) {
      const { code, out } = await keep(bus, words);
      assert.equal(code, 1);
      for (const jobId of broken) assert.match(out, new RegExp(`^${jobId}\t.+`, 'm'));
    }
    for (const jobId of broken) await own.admin.del(keys.ledger(jobId));
    assert.equal((await keep(bus, ['rebuild'])).code, 0);
    assert.deepEqual(await rebuilt(bus, false), []);
    for (const jobId of broken) {
      assert.equal(await bus.events.load(jobId), undefined);
      assert.deepEqual(await own.admin.keys(`${keys.prefix}*${jobId}*`), []);
    }
    assert.equal(await bus.deadLetters.count(), 0);
    assert.deepEqual(await bus.custody.pending(), []);
    assert.equal(
      (await bus.queue.depth('jobs')).waiting,
      2,
      'the job that the running one held back is let in',
    );
    for (const jobId of others) assert.notEqual(await bus.events.load(jobId), undefined);
  });

  it('finds nothing while the fleet works', async (t) => {
    const { bus } = await scene(t);
    const work = async (): Promise<void> => {
      for (let i = 0; i < 30; i += 1) {
        const jobId = await submit(bus.events, { order: { repoUrl: `https://example.com/${i % 3}` } });
        const claim = await bus.queue.claim('jobs', 'worker-1', never);
        await startAttempt(bus.events, claim?.jobId ?? jobId);
        await endAttempt(bus.events, claim?.jobId ?? jobId, { kind: 'succeeded' });
      }
    };
    const working = work();
    let over = false;
    void working.finally(() => {
      over = true;
    });
    while (!over) assert.deepEqual(await rebuilt(bus, true), []);
    await working;
  });
});

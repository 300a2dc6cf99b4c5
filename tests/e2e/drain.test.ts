// Processes of a fleet that leave, are drained, or are told of a cancel, while one of them works.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { openKeys } from '../../src/adapters/redis/keys.js';
import { eventually } from '../support/eventually.js';
import { startRedis, type TestRedis } from '../support/redis-server.js';
import { processesOf } from './fleet.js';
import {
  openProcesses,
  type Process,
  type Processes,
  readFrom,
  submitTo,
  whenRunning,
  whenStatus,
} from './processes.js';

const TIMEOUT = { timeout: 90_000 };
const get = async (server: Process, path: string): Promise<number> => {
  const response = await fetch(`${server.url}${path}`);
  await response.arrayBuffer();
  return response.status;
};

describe('a fleet of processes, each with roles of its own', () => {
  let redis: TestRedis;
  let admin: Redis;
  let fleet: Processes;
  let ingress: Process;
  let gateway: Process;
  before(async () => {
    redis = await startRedis();
    admin = new Redis(redis.url);
    fleet = await openProcesses(redis);
    [ingress, gateway] = await Promise.all([fleet.start('in', 'ingress'), fleet.start('out', 'gateway')]);
  });
  after(async () => {
    await fleet?.close();
    admin?.disconnect();
    await redis?.stop();
  });

  const sign = (name: string): string => join(fleet.folder, `${name}.go`);
  const give = (name: string): void => writeFileSync(sign(name), '');
  const consumers = async (): Promise<readonly string[]> => {
    const lane = openKeys(redis.keyPrefix).lane('jobs');
    const found = (await admin.xinfo('CONSUMERS', lane, 'workers')) as unknown[][];
    return found.map((facts) => String(facts[1]));
  };

  it(
    'SIGTERM with a short grace hands a job back unburned, and another worker takes it up at once',
    TIMEOUT,
    async () => {
      const leaving = await fleet.start('brief', 'worker', { AGENTICORE_DRAIN: '0' });
      const id = await submitTo(ingress, sign('handed'));
      await whenRunning(gateway, id);
      const staying = await fleet.start('staying', 'worker');
      leaving.send('SIGTERM');
      assert.equal(await leaving.ended, 0, leaving.log());
      const job = await whenRunning(gateway, id, 2);
      assert.deepEqual([job.attempts_used, job.pod_name], [1, 'staying']);
      assert.equal(processesOf(`${id}.1`).length, 0, 'nothing of the first attempt is left');
      assert.ok(
        (await consumers()).every((name) => !name.startsWith('brief-')),
        'its name is forgotten',
      );
      give('handed');
      await whenStatus(gateway, id, 'succeeded');
      staying.send('SIGINT');
      assert.equal(await staying.ended, 0, staying.log());
    },
  );

  it('SIGTERM with a long grace lets a job finish, and nothing new is claimed', TIMEOUT, async () => {
    const leaving = await fleet.start('long', 'worker', { AGENTICORE_DRAIN: '600' });
    const first = await submitTo(ingress, sign('first'));
    await whenRunning(gateway, first);
    leaving.send('SIGTERM');
    await eventually('it leaves', async () => (await get(leaving, '/ready')) === 503);
    assert.equal(await get(leaving, '/health'), 200);
    const second = await submitTo(ingress, sign('second'));
    give('first');
    const job = await whenStatus(gateway, first, 'succeeded');
    assert.deepEqual([job.attempt, await leaving.ended], [1, 0], leaving.log());
    assert.deepEqual((await readFrom(gateway, second)).attempt, 0);

    const next = await fleet.start('next', 'worker', { AGENTICORE_DRAIN: '600' });
    await whenRunning(gateway, second);
    next.send('SIGINT');
    assert.equal(await next.ended, 0, 'SIGINT waits for no grace');
    const back = await readFrom(gateway, second);
    assert.deepEqual([back.status, back.attempts_used], ['queued', 0]);
    await fetch(`${ingress.url}/jobs/${second}`, { method: 'DELETE' });
    await whenStatus(gateway, second, 'cancelled');
  });

  it(
    'a second SIGTERM waits no longer and hands back unburned; one signal sent twice is one',
    TIMEOUT,
    async () => {
      const impatient = async (name: string, leave: (worker: Process) => Promise<void>): Promise<void> => {
        const worker = await fleet.start(name, 'worker', { AGENTICORE_DRAIN: '600' });
        const id = await submitTo(ingress, sign('never'));
        await whenRunning(gateway, id);
        await leave(worker);
        assert.equal(await worker.ended, 0, worker.log());
        const back = await readFrom(gateway, id);
        assert.deepEqual([back.status, back.attempts_used], ['queued', 0]);
        await fetch(`${ingress.url}/jobs/${id}`, { method: 'DELETE' });
        await whenStatus(gateway, id, 'cancelled');
      };
      await impatient('told-again', async (worker) => {
        await eventually('it has heard a second one', () => {
          worker.send('SIGTERM');
          return worker.log().includes('"again":true');
        });
      });
      await impatient('told-twice', async (worker) => {
        worker.send('SIGINT'); // by the terminal, and by npm, which passes it on
        await eventually('it has heard', () => worker.log().includes('"server.leaving"'));
        worker.send('SIGINT');
      });
    },
  );

  it(
    'a cancel from any process reaches the worker, also when its doorbell was just cut',
    TIMEOUT,
    async () => {
      const worker = await fleet.start('obedient', 'worker');
      for (const [n, from] of [ingress, gateway, ingress].entries()) {
        const id = await submitTo(ingress, sign('never'));
        await whenRunning(gateway, id);
        if (n === 2) await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
        const response = await fetch(`${from.url}/jobs/${id}`, { method: 'DELETE' });
        assert.equal(response.status, 200);
        await whenStatus(gateway, id, 'cancelled');
        await eventually('nothing of it is left', () => processesOf(id).length === 0);
      }
      worker.send('SIGTERM');
      assert.equal(await worker.ended, 0);
    },
  );

  it(
    'a process that only works answers probes and may be drained; its /ready says so, and nobody else is touched',
    TIMEOUT,
    async () => {
      const worker = await fleet.start('drained', 'worker', { AGENTICORE_DRAIN: '600' });
      const id = await submitTo(ingress, sign('drained'));
      await whenRunning(gateway, id);
      for (const path of ['/jobs', `/jobs/${id}`, '/workers', '/events'])
        assert.equal(await get(worker, path), 404, path);
      assert.equal(await get(worker, '/health'), 200);

      const early = await fleet.type(gateway, 'drain', '--worker', 'drained', '--timeout', '0');
      assert.equal(early.code, 1, early.out);
      await eventually('the worker has heard', async () => (await get(worker, '/ready')) === 503);
      const busy = await fleet.type(ingress, 'drain', '--worker', 'drained', '--timeout', '1');
      assert.deepEqual([busy.code, busy.out], [1, '']);
      assert.match(busy.err, new RegExp(`job ${id} still runs`));
      const { workers } = JSON.parse((await fleet.type(ingress, 'status', '--json')).out);
      assert.deepEqual(
        workers.map((one: Record<string, unknown>) => [one.host, one.running, one.draining]),
        [['drained', [id], true]],
      );
      assert.deepEqual([await get(ingress, '/ready'), await get(gateway, '/ready')], [200, 200]);

      const waiting = await submitTo(ingress, sign('waiting'));
      const draining = fleet.type(ingress, 'drain', '--worker', 'drained');
      give('drained');
      const done = await draining;
      assert.deepEqual([done.code, done.err], [0, '']);
      await whenStatus(gateway, id, 'succeeded');
      const alone = await fleet.type(worker, 'drain');
      assert.equal(alone.code, 0, 'it is asked itself too');
      assert.equal((await readFrom(gateway, waiting)).attempt, 0, 'it claims nothing more');

      assert.equal((await fleet.type(ingress, 'drain')).code, 0);
      await assert.rejects(submitTo(ingress, sign('waiting')), /503: .*AGENTICORE_DRAINING/);
      assert.equal((await readFrom(ingress, waiting)).status, 'queued', 'readers are served on');
      await fetch(`${ingress.url}/jobs/${waiting}`, { method: 'DELETE' });
      await whenStatus(gateway, waiting, 'cancelled');
      for (const server of [worker, ingress]) {
        server.send('SIGTERM');
        assert.equal(await server.ended, 0, server.log());
      }
    },
  );
});

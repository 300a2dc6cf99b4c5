// Disks that fill up while the real claude works: callers are told, what runs is kept and paid once, nobody fails what
// others could do, and everything goes on when there is room.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Script } from '../../scripts/scripted-model/script.js';
import { eventually } from '../support/eventually.js';
import { startRedis } from '../support/redis-server.js';
import { mountSmallDisk, needsSmallDisk, type SmallDisk } from '../support/small-disk.js';
import { tempDir } from '../support/temp-dir.js';
import { assertEvidence } from './evidence.js';
import { type Fleet, startFleet } from './fleet.js';
import { openProcesses, submitTo, whenStatus } from './processes.js';

const TIMEOUT = { timeout: 240_000 };
const bash = (command: string) => ({ tool: 'Bash', input: { command } });

const workOn = (signs: string): Script => ({
  name: 'work-on',
  match: 'work on',
  steps: [
    {
      say: 'Starting.',
      call: [bash(`touch ${signs}/started; while [ ! -e ${signs}/go ]; do sleep 0.05; done`)],
    },
    { say: 'On a full disk.', call: [bash('head -c 9000 /dev/urandom | base64 > notes.txt')] },
    { say: 'Done.' },
  ],
});

interface Scene {
  readonly disk: SmallDisk;
  readonly fleet: Fleet;
  readonly id: string;
  /** Lets claude go on. */
  goOn(): void;
  log(): string;
}

/** Claude works on a job, and the disk behind the variable is full. */
async function scene(t: TestContext, variable: string): Promise<Scene> {
  const disk = mountSmallDisk();
  const signs = await tempDir(t);
  const starting = startFleet('file', [workOn(signs)], { [variable]: disk.path });
  t.after(async () => {
    const started = await starting.catch(() => undefined);
    await started?.close(); // before its disk goes
    disk.remove();
  });
  const fleet = await starting;
  const { id } = await fleet.submit({ task: 'work on', repo_url: fleet.remote });
  await eventually('claude works', () => existsSync(join(signs, 'started')), 90_000).catch((error) => {
    throw new Error(readFileSync(join(fleet.folder, 'server.log'), 'utf8'), { cause: error });
  });
  disk.fill();
  return {
    ...{ disk, fleet, id },
    goOn: () => writeFileSync(join(signs, 'go'), ''),
    log: () => readFileSync(join(fleet.folder, 'server.log'), 'utf8'),
  };
}

const post = (fleet: Fleet): Promise<Response> =>
  fetch(`${fleet.url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ task: 'work on', repo_url: fleet.remote }),
  });

describe('a disk that fills up while claude works', { ...needsSmallDisk, concurrency: true }, () => {
  it(
    'of the repositories: the work waits for room and is delivered; no other job is begun, or fails',
    TIMEOUT,
    async (t) => {
      const { disk, fleet, id, goOn, log } = await scene(t, 'AGENTICORE_REPOS_ROOT');
      const next = await fleet.submit({ task: 'work on', repo_url: fleet.remote });
      await eventually('the worker has seen it', () => log().includes('worker.disk_full'));
      goOn();
      await eventually('the work waits', () => log().includes('attempt.waits_for_room'));
      const waiting = await fleet.job(next.id);
      assert.deepEqual([waiting.status, waiting.attempts_used], ['queued', 0]);
      disk.free();
      const job = await fleet.ended(id);
      assert.deepEqual([job.status, job.attempt, job.resumed], ['succeeded', 1, false], JSON.stringify(job));
      assert.equal(fleet.git('rev-parse', `agenticore-${id}`).trim(), job.commit);
      await assertEvidence(fleet, id);
      const other = await fleet.ended(next.id);
      assert.deepEqual([other.status, other.attempt], ['succeeded', 1], JSON.stringify(other));
    },
  );

  it(
    "of the file bus, and of claude's session: 503 and how to mend it, and the job ends well with its story whole",
    TIMEOUT,
    async (t) => {
      const { disk, fleet, id, goOn, log } = await scene(t, 'AGENTICORE_HOME');
      await eventually('it is not ready', async () => (await fleet.get('/ready')).status === 503);
      assert.equal((await fleet.get('/health')).status, 200);
      const refused = await post(fleet);
      const body = await refused.text();
      assert.equal(refused.status, 503);
      assert.ok(Number(refused.headers.get('retry-after')) > 0);
      assert.match(body, /AGENTICORE_BUS_UNREACHABLE/);
      assert.match(body, /ENOSPC: .+ Make room on that disk\./);
      assert.equal((await fleet.job(id)).status, 'running', 'what is there can be read');
      goOn();
      await eventually('what claude says waits', () => log().includes('transcript.spool_failed'));
      disk.free();
      const job = await fleet.ended(id);
      assert.deepEqual([job.status, job.attempt], ['succeeded', 1], JSON.stringify(job));
      assert.equal((await fleet.get('/ready')).status, 200);
      const frames = await fleet.feed(id);
      assert.ok(frames.some(({ data }) => JSON.stringify(data).includes('On a full disk.')));
      const next = await fleet.submit({ task: 'work on', repo_url: fleet.remote });
      assert.equal((await fleet.ended(next.id)).status, 'succeeded');
    },
  );

  it('of one host: the others do its jobs, and its readiness says why', TIMEOUT, async (t) => {
    const disk = mountSmallDisk();
    const redis = await startRedis();
    const fleet = await openProcesses(redis);
    t.after(async () => {
      await fleet.close();
      await redis.stop();
      disk.remove();
    });
    const go = join(fleet.folder, 'go');
    writeFileSync(go, '');
    const [counter, full] = await Promise.all([
      fleet.start('counter', 'ingress,gateway'),
      fleet.start('full', 'worker', { AGENTICORE_REPOS_ROOT: disk.path }),
    ]);
    disk.fill();
    const reasons = await eventually('it is not ready', async () => {
      const response = await fetch(`${full.url}/ready`);
      return response.status === 503 && response.text();
    });
    assert.match(reasons, /The disk of the worker is full: ENOSPC: .+ Make room there/);
    const ids = [await submitTo(counter, go), await submitTo(counter, go)];
    await eventually('it has seen them', () => full.log().includes('worker.disk_full'));
    await fleet.start('roomy', 'worker');
    for (const id of ids) {
      const job = await whenStatus(counter, id, 'succeeded');
      assert.deepEqual([job.pod_name, job.attempts_used], ['roomy', 1]);
    }
    disk.free();
    await eventually('it is ready again', async () => (await fetch(`${full.url}/ready`)).ok);
    await eventually('it claims again', () => full.log().includes('worker.disk_has_room'));
  });
});

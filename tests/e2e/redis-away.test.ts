// Redis SIGKILLed while the real claude works: everybody is told, claude goes on, nothing leaves the house, and when
// Redis is back the job ends once with its story whole, whether its worker lived through the outage or not.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Script } from '../../scripts/scripted-model/script.js';
import { eventually } from '../support/eventually.js';
import { needsOwnRedis } from '../support/install-redis.js';
import { type OwnRedis, startOwnRedis } from '../support/redis-server.js';
import { tempDir } from '../support/temp-dir.js';
import { assertEvidence } from './evidence.js';
import { type Fleet, type Frame, parseFrames, processesOf, startFleet } from './fleet.js';
import { openProcesses, type Process, submitTo, whenRunning, whenStatus } from './processes.js';
import { DOOR } from './surrounded-server.js';

const LEASE_S = 3; // as the fleet of these tests has it
/** Longer than all that a test waits for: what it did not get is said by whoever waited. */
const TIMEOUT = { timeout: 240_000 };

/** Starts, waits for a sign, works on in several steps, and commits; or goes on waiting. */
const workOn = (signs: string, last: string): Script => ({
  name: 'work-on',
  match: 'work on',
  steps: [
    { say: 'Starting.', call: [bash(`touch ${signs}/started; ${until(`${signs}/go`)}`)] },
    { say: 'Without Redis.', call: [bash('head -c 90000 /dev/zero | tr "\\\\0" x')] },
    {
      say: 'Still without.',
      call: [bash(`echo done > notes.txt; git add -A; git commit -qm Notes; ${last}`)],
    },
    { say: 'Done without Redis.' },
  ],
});

const bash = (command: string) => ({ tool: 'Bash', input: { command } });
const until = (file: string): string => `while [ ! -e ${file} ]; do sleep 0.05; done`;

interface Outage {
  readonly fleet: Fleet;
  readonly redis: OwnRedis;
  readonly id: string;
  readonly signs: string;
  /** What waits on the worker's disk. */
  spooled(): string;
}

/** A fleet whose Redis was killed while claude works on a job; claude has been told to go on. */
async function outage(last: (signs: string) => string = () => 'true'): Promise<Outage> {
  const signs = await tempDir();
  const redis = await startOwnRedis({ durable: true });
  const fleet = await startFleet(redis, [workOn(signs, last(signs))]);
  const begin = async (): Promise<string> => {
    const { id } = await fleet.submit({ task: 'work on', repo_url: fleet.remote });
    await eventually('claude works', () => existsSync(join(signs, 'started')));
    return id;
  };
  const id = await begin().catch(async (error: unknown) => {
    await fleet.close();
    throw error;
  });
  return {
    fleet,
    redis,
    id,
    signs,
    spooled: () => readFileSync(join(fleet.folder, 'home', 'jobs', id, 'spool-1.jsonl'), 'utf8'),
  };
}

const spoolsOf = ({ fleet, id }: Outage): readonly string[] =>
  readdirSync(join(fleet.folder, 'home', 'jobs', id)).filter((name) => name.startsWith('spool'));

const branches = ({ fleet }: Outage): string => fleet.git('branch', '--list', 'agenticore-*');

/** Follows a job as a browser does: comes back with the id of the last frame until `end`, or nobody looks any more. */
async function follow({ fleet, id }: Outage, left: AbortSignal): Promise<Frame[]> {
  const frames: Frame[] = [];
  while (frames.at(-1)?.event !== 'end' && !left.aborted) {
    const last = frames.at(-1)?.id;
    const headers = last === undefined ? {} : { 'last-event-id': last };
    let text = '';
    try {
      const response = await fetch(`${fleet.url}/jobs/${id}/events`, { headers });
      if (response.ok) for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
    } catch {
      // cut off; what came counts
    }
    frames.push(...parseFrames(text));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return frames;
}

async function assertAllRoutesAway({ fleet, id }: Outage): Promise<void> {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"task":"x"}' };
  const routes: [string, RequestInit?][] = [
    ['/ready'],
    ['/jobs'],
    ['/jobs', post],
    [`/jobs/${id}`],
    [`/jobs/${id}`, { method: 'DELETE' }],
    [`/jobs/${id}/retry`, { ...post, body: '{}' }],
    [`/jobs/${id}/events`],
    [`/jobs/${id}/output`],
    [`/jobs/${id}/diff`],
    [`/jobs/${id}/messages/1/1`],
    ['/events'],
  ];
  await Promise.all(
    routes.map(async ([path, init]) => {
      const response = await fetch(`${fleet.url}${path}`, init);
      const about = `${init?.method ?? 'GET'} ${path}: ${await response.text()}`;
      assert.equal(response.status, 503, about);
      assert.ok(Number(response.headers.get('retry-after')) > 0, about);
      if (path !== '/ready') assert.match(about, /AGENTICORE_BUS_UNREACHABLE/);
    }),
  );
  assert.equal((await fetch(`${fleet.url}/health`)).status, 200, 'alive');
}

async function assertToldOnTheCommandLine({ fleet }: Outage): Promise<void> {
  for (const verb of [['jobs'], ['run', 'x']]) {
    const env = { PATH: process.env.PATH ?? '', HOME: fleet.folder, AGENTICORE_URL: fleet.url };
    const { code, err } = await new Promise<{ code: unknown; err: string }>((resolve) => {
      execFile(process.execPath, [DOOR, ...verb], { env }, (error, _out, stderr) =>
        resolve({ code: error?.code, err: stderr }),
      );
    });
    assert.equal(code, 1, err);
    assert.match(err, /^agenticore: The bus \(Redis\) cannot be reached: .+\n$/);
  }
}

const signal = (name: NodeJS.Signals) => async (redis: OwnRedis) => assert.ok(redis.signal(name));

const ABSENCES = [
  {
    away: 'gone',
    leave: (redis: OwnRedis) => redis.kill(),
    comeBack: (redis: OwnRedis) => redis.start(),
  },
  { away: 'hanging', leave: signal('SIGSTOP'), comeBack: signal('SIGCONT') },
];

const statusOf = async ({ url }: Process, path: string): Promise<number> =>
  (await fetch(`${url}${path}`)).status;

describe('Redis killed while claude works', { ...needsOwnRedis, concurrency: true }, () => {
  it(
    'for longer than a lease: claude goes on, and the job succeeds once with its story whole',
    TIMEOUT,
    async () => {
      const out = await outage();
      const { fleet, redis, id, signs } = out;
      const leave = new AbortController();
      try {
        const following = follow(out, leave.signal);
        await redis.kill();
        writeFileSync(join(signs, 'go'), '');
        const killedAt = Date.now();
        await eventually('claude has ended without Redis', () => out.spooled().includes('"type":"result"'));
        await assertAllRoutesAway(out);
        await assertToldOnTheCommandLine(out);
        await eventually('a lease has passed', () => Date.now() - killedAt > 1000 * LEASE_S);
        assert.equal(branches(out), '', 'nothing is pushed');
        await redis.start();
        const job = await fleet.ended(id);
        assert.deepEqual([job.status, job.attempt], ['succeeded', 1], JSON.stringify(job));
        assert.equal(fleet.git('rev-parse', `agenticore-${id}`).trim(), job.commit);
        await assertEvidence(fleet, id);
        assert.deepEqual(spoolsOf(out), []);
        const ids = (await following).map((frame) => frame.id);
        const all = (await fleet.feed(id)).map((frame) => frame.id);
        assert.deepEqual(ids, all, 'a reader through the outage sees each frame once');
      } finally {
        leave.abort();
        await fleet.close();
      }
    },
  );

  it('and the worker with it: the spool is forwarded before the next attempt starts', TIMEOUT, async () => {
    const out = await outage((signs) => until(`${signs}/never`));
    const { fleet, redis, id, signs } = out;
    try {
      await redis.kill();
      writeFileSync(join(signs, 'go'), '');
      await eventually('claude went on without Redis', () => out.spooled().includes('Still without.'));
      fleet.kill();
      writeFileSync(join(signs, 'never'), ''); // the next attempt shall get on
      await redis.start();
      await fleet.restart();
      const job = await fleet.ended(id);
      assert.deepEqual([job.status, job.attempt], ['succeeded', 2], JSON.stringify(job));
      await assertEvidence(fleet, id);
      const frames = await fleet.feed(id);
      const spooled = frames.findIndex(({ data }) => JSON.stringify(data).includes('Still without.'));
      const second = frames.findIndex(({ event }) => event === 'AttemptLost');
      assert.ok(spooled >= 0, 'what was spooled is told');
      assert.equal(frames[spooled]?.data.attempt, 1);
      assert.ok(spooled < second, `${spooled} before ${second}`);
      assert.deepEqual(spoolsOf(out), []);
    } finally {
      await fleet.close();
    }
  });

  for (const { away, leave, comeBack } of ABSENCES)
    it(
      `and a worker asked to leave while it is ${away}: it exits soon after its grace, and its job is taken up after the lease`,
      TIMEOUT,
      async () => {
        const redis = await startOwnRedis({ durable: true });
        const fleet = await openProcesses(redis);
        try {
          const go = join(fleet.folder, 'go');
          const env = { AGENTICORE_DRAIN: '1', AGENTICORE_LEASE: '3' };
          const [counter, leaving] = await Promise.all([
            fleet.start('counter', 'ingress,gateway'),
            fleet.start('leaving', 'worker', env),
          ]);
          const id = await submitTo(counter, go);
          await whenRunning(counter, id);
          await leave(redis);
          await eventually('it is not ready', async () => (await statusOf(leaving, '/ready')) === 503);
          assert.equal(await statusOf(leaving, '/health'), 200);
          leaving.send('SIGTERM');
          assert.equal(await eventually('it leaves', () => leaving.ended), 0, leaving.log());
          assert.doesNotMatch(leaving.log(), /left_behind/, 'the attempt ended by itself');
          assert.equal(processesOf(id).length, 0, 'its claude was stopped');
          await comeBack(redis);
          await fleet.start('next', 'worker', env);
          const job = await whenRunning(counter, id, 2);
          assert.equal(job.pod_name, 'next');
          writeFileSync(go, '');
          await whenStatus(counter, id, 'succeeded');
        } finally {
          await fleet.close();
          await redis.stop();
        }
      },
    );
});

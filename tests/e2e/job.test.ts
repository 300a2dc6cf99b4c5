// The main job, whole, on both buses: what a person or a program sees.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { Script } from '../../scripts/scripted-model/script.js';
import { assertVerified } from './evidence.js';
import { type Fleet, type Frame, mendIt, parseFrames, startFleet } from './fleet.js';
import { type BusName, DOOR, type JobJson } from './surrounded-server.js';

const run = promisify(execFile);

const leaveItLying: Script = {
  name: 'leave-it-lying',
  match: 'leave it lying',
  steps: [
    {
      call: [
        { tool: 'Bash', input: { command: "echo 'a new file' > new.txt && echo '// changed' >> total.js" } },
      ],
    },
    { say: 'I changed files and committed nothing.' },
  ],
};
const answerOnly: Script = { name: 'answer-only', match: 'what is', steps: [{ say: 'It is 42.' }] };
const slowly: Script = {
  name: 'slowly',
  match: 'slowly',
  steps: [
    ...Array.from({ length: 6 }, (_, step) => ({
      say: `Step ${step}: ${'word '.repeat(40)}`,
      call: [{ tool: 'Bash', input: { command: `echo ${step}` } }],
    })),
    { say: 'Done, slowly.' },
  ],
};
const printMuch: Script = {
  name: 'print-much',
  match: 'print much',
  steps: [
    {
      call: [{ tool: 'Bash', input: { command: "head -c 20000000 /dev/zero | tr '\\0' x | fold -w 1000" } }],
    },
    { say: 'That was much.' },
  ],
};
const scripts = [mendIt, leaveItLying, answerOnly, slowly, printMuch];

/** What may differ between two runs of the same job. */
const VARYING = [
  'id',
  'created_at',
  'started_at',
  'ended_at',
  'session_id',
  'branch',
  'commit',
  'worktree_path',
  'job_config_dir',
  'pod_name',
  'usage',
  'repo_url',
];
const shapeOf = (job: JobJson): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(job).map(([key, value]) => [key, VARYING.includes(key) ? typeof value : value]),
  );

const seen: Partial<Record<BusName, { job: Record<string, unknown>; events: readonly string[] }>> = {};

for (const bus of ['file', 'redis'] as const) {
  describe(`a job on the ${bus} bus`, () => {
    let fleet: Fleet;
    before(async () => {
      fleet = await startFleet(bus, scripts);
    });
    after(() => fleet?.close());

    const ask = (task: string): Promise<JobJson> => fleet.submit({ task, repo_url: fleet.remote });

    it('submitted over REST ends with a pushed branch that holds the work', async () => {
      const { id, status } = await ask('make the test pass');
      assert.equal(status, 'queued');
      const job = await fleet.ended(id);
      assert.equal(job.status, 'succeeded', JSON.stringify(job));
      assert.equal(job.branch, `agenticore-${id}`);
      assert.equal(fleet.git('rev-parse', `agenticore-${id}`).trim(), job.commit);
      assert.match(fleet.git('show', `agenticore-${id}:total.js`), /let i = 0/);
      assert.equal(job.output, 'The test passes now.');
      assert.ok(Number(job.cost_usd) > 0);
      const diff = await (await fetch(`${fleet.url}/jobs/${id}/diff`)).text();
      assert.match(diff, /^-.*let i = 1.*\n\+.*let i = 0/m);

      const frames = await fleet.feed(id);
      const events = frames.map((frame) => frame.event).filter((event) => /^[A-Z]/.test(event));
      seen[bus] = { job: shapeOf(job), events };
      assert.deepEqual(events, [
        'JobSubmitted',
        'AttemptStarted',
        'WorkspaceOpened',
        'ClaudeStarted',
        'ClaudeFinished',
        'CommitReady',
        'BranchPushed',
        'JobSucceeded',
      ]);
      assert.equal(frames.at(-1)?.event, 'end');
      const text = frames
        .filter((frame) => frame.event === 'delta' && frame.data.delta === 'text')
        .map((frame) => frame.data.text);
      assert.equal(text.join(''), 'I will mend it.The test passes now.');
    });

    it('gives a reader that was cut off every frame once, in order', async () => {
      const { id } = await ask('slowly');
      const first = await readSome(fleet.url, id, undefined, 12);
      const rest: Frame[] = [];
      for (let cursor = first.at(-1)?.id; ; cursor = rest.at(-1)?.id ?? cursor) {
        const some = await readSome(fleet.url, id, cursor, 9);
        rest.push(...some);
        if (some.at(-1)?.event === 'end') break;
      }
      assert.deepEqual([...first, ...rest], await fleet.feed(id));
    });

    if (bus === 'redis') return; // the rest owes nothing to the bus

    it('submitted by the command line shows the work and exits 0', async () => {
      const args = [
        DOOR,
        'run',
        'make the test pass',
        '--repo',
        fleet.remote,
        '--follow',
        '--url',
        fleet.url,
      ];
      const { stdout } = await run(process.execPath, args, {
        env: { PATH: process.env.PATH, HOME: fleet.folder },
      });
      for (const part of ['I will mend it.', 'Bash', 'The test passes now.', 'succeeded', 'agenticore-'])
        assert.ok(stdout.includes(part), `${part}\n${stdout}`);
      const { stdout: list } = await run(process.execPath, [DOOR, 'jobs', '--json', '--url', fleet.url], {
        env: { PATH: process.env.PATH, HOME: fleet.folder },
      });
      const [newest]: JobJson[] = JSON.parse(list);
      assert.ok(newest);
      const job = await fleet.job(newest.id);
      assert.deepEqual(shapeOf(job), seen[bus]?.job, 'the same job as over REST');
      const events = (await fleet.feed(job.id)).map((frame) => frame.event);
      assert.deepEqual(
        events.filter((event) => /^[A-Z]/.test(event)),
        seen[bus]?.events,
        'the same events as over REST',
      );
    });

    it('without a repository gives an answer', async () => {
      const { id } = await fleet.submit({ task: 'what is the answer?', wait: true, wait_seconds: 50 });
      const job = await fleet.job(id);
      assert.deepEqual([job.status, job.output, job.branch], ['succeeded', 'It is 42.', undefined]);
      assert.equal(await (await fetch(`${fleet.url}/jobs/${id}/output`)).text(), 'It is 42.');
    });

    it('commits what Claude left uncommitted, and nothing of ours', async () => {
      const { id } = await ask('leave it lying');
      const job = await fleet.ended(id);
      assert.equal(job.status, 'succeeded', JSON.stringify(job));
      assert.deepEqual(fleet.git('diff', '--name-only', 'main', `agenticore-${id}`).trim().split('\n'), [
        'new.txt',
        'total.js',
      ]);
      assert.match(
        fleet.git('log', '-1', '--format=%B', `agenticore-${id}`),
        /left these changes uncommitted/,
      );
    });

    it('shows a tool result of 20 MB as a preview, and gives it whole at its address', async () => {
      const { id } = await fleet.submit({ task: 'print much' });
      const job = await fleet.ended(id);
      assert.equal(job.status, 'succeeded', JSON.stringify(job));
      const frame = (await fleet.feed(id)).find((candidate) => candidate.event === 'user');
      assert.ok(Number(frame?.data.bytes) > 20_000_000, JSON.stringify(frame).slice(0, 500));
      assert.ok(JSON.stringify(frame).length < 64 * 1024);
      const whole = await (await fetch(`${fleet.url}${frame?.data.href}`)).json();
      assert.equal(
        (
          whole as { message: { tool_use_result: { persistedOutput: string } } }
        ).message.tool_use_result.persistedOutput.replaceAll('\n', '').length,
        20_000_000,
      );
    });

    it('leaves jobs that their keeper finds whole, whatever became of them', async () => {
      const { jobs } = (await (await fetch(`${fleet.url}/jobs?limit=100`)).json()) as { jobs: JobJson[] };
      assert.ok(jobs.length >= 5);
      for (const { id } of jobs) await assertVerified(fleet, id);
    });
  });
}

describe('the two buses', () => {
  it('give the same events and the same job for the same request', () => {
    assert.deepEqual(seen.redis, seen.file);
  });
});

/** Reads frames over a raw socket and cuts the connection after about `count`, in the middle of whatever comes. */
function readSome(
  url: string,
  jobId: string,
  lastEventId: string | undefined,
  count: number,
): Promise<Frame[]> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    const resume = lastEventId === undefined ? '' : `Last-Event-ID: ${lastEventId}\r\n`;
    socket.write(`GET /jobs/${jobId}/events HTTP/1.0\r\nHost: ${hostname}\r\n${resume}\r\n`);
    socket.setEncoding('utf8');
    const framesSoFar = (): Frame[] => parseFrames(text.slice(text.indexOf('\r\n\r\n') + 4));
    socket.on('data', (chunk) => {
      text += chunk;
      if (framesSoFar().length >= count) socket.destroy();
    });
    socket.on('error', reject).on('close', () => resolve(framesSoFar()));
  });
}

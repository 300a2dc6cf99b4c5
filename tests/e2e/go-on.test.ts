// An attempt that was cut short leaves its worktree and its Claude session to the next one, which goes on from there.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Script, Step } from '../../scripts/scripted-model/script.js';
import { eventually } from '../support/eventually.js';
import { assertEvidence } from './evidence.js';
import { type Fleet, processesOf, startFleet } from './fleet.js';
import type { BusName, JobJson } from './surrounded-server.js';

const bash = (command: string) => [{ tool: 'Bash', input: { command } }];
const COMMIT = 'git add -A && git commit -qm Notes';
const usage = { input_tokens: 1000, output_tokens: 100 };

/** What Claude does when it goes on: it has the notes already. */
const again: Script = {
  name: 'again',
  match: 'You were interrupted',
  usage,
  steps: [{ call: bash(`echo two >> notes.txt; ${COMMIT}`) }, { say: 'Went on.' }],
};

/** Takes a note, and then `second` happens. */
const takeNotes = (match: string, first: string, second: Step): Script => ({
  name: match,
  match,
  usage,
  steps: [{ say: 'Taking notes.', call: bash(first) }, second, { say: 'Did it all.' }],
});

const overloaded = (match: string): Script =>
  takeNotes(match, 'echo one >> notes.txt', {
    call: bash(COMMIT),
    fault: { status: 529, times: 1, per: 'server' },
  });
const sleeping = takeNotes('take notes', 'echo one >> notes.txt; sleep 600', {});

// claude gives up at once; a worker that leaves does not wait.
const IMPATIENT = { CLAUDE_CODE_MAX_RETRIES: '0', AGENTICORE_DRAIN: '0', AGENTICORE_MAX_PARALLEL_JOBS: '3' };

/** A fleet with a profile that does not wait long between two attempts. */
async function startHasty(bus: BusName, scripts: readonly Script[]): Promise<Fleet> {
  const fleet = await startFleet(bus, [again, ...scripts], IMPATIENT);
  const profile = join(fleet.folder, 'home', 'profiles', 'hasty');
  mkdirSync(profile, { recursive: true });
  writeFileSync(join(profile, 'profile.yml'), 'extends: code\nretry: { backoff_s: 3 }\n');
  return fleet;
}

async function withFleet(bus: BusName, scripts: readonly Script[], use: (fleet: Fleet) => Promise<void>) {
  const fleet = await startHasty(bus, scripts);
  try {
    await use(fleet);
  } finally {
    await fleet.close();
  }
}

const submit = (fleet: Fleet, task = 'take notes'): Promise<JobJson> =>
  fleet.submit({ task, repo_url: fleet.remote, profile: 'hasty' });

const worktrees = (fleet: Fleet, id: string): readonly string[] =>
  readdirSync(join(fleet.folder, 'worktrees')).filter((name) => name.startsWith(id));

const waits = (fleet: Fleet, id: string): Promise<JobJson> =>
  eventually('the job waits for its next attempt', async () => {
    const job = await fleet.job(id);
    return job.status === 'queued' && job.attempt === 1 && job;
  });

/** What the ledger says of each attempt: `fresh` or `kept` for the worktree, `new` or `resumed` for the session. */
async function course(fleet: Fleet, id: string): Promise<readonly string[]> {
  return (await fleet.ledger(id)).flatMap((record) => {
    if (record.type === 'WorkspaceOpened') return [record.kept ? 'kept' : 'fresh'];
    if (record.type === 'ClaudeStarted') return [record.resumed ? 'resumed' : 'new'];
    return [];
  });
}

const notes = (fleet: Fleet, id: string): string => fleet.git('show', `agenticore-${id}:notes.txt`);

const noWorktree = (fleet: Fleet, id: string): Promise<unknown> =>
  eventually('no worktree is left', () => worktrees(fleet, id).length === 0, 30_000);

async function assertDone(fleet: Fleet, id: string, answer: string, lines: string): Promise<JobJson> {
  const job = await fleet.ended(id);
  assert.deepEqual([job.status, job.output], ['succeeded', answer], JSON.stringify(job));
  assert.equal(notes(fleet, id), lines);
  assert.equal(fleet.git('rev-list', '--count', `main..agenticore-${id}`).trim(), '1');
  assert.equal(fleet.git('branch', '--list', `agenticore-${id}*`).trim(), `agenticore-${id}`);
  await noWorktree(fleet, id);
  assert.deepEqual(processesOf(id), []);
  await assertEvidence(fleet, id);
  return job;
}

const DAMAGES: Readonly<Record<string, (job: JobJson, fleet: Fleet) => void>> = {
  'its worktree is gone': (job) => rmSync(String(job.worktree_path), { recursive: true }),
  'its session file is gone': (job, fleet) => rmSync(sessionOf(fleet, job)),
};
const OTHERS = ['nothing else happens', 'its session file turns to garbage', 'it is cancelled'];

describe('a model that is overloaded in the middle of the work', { concurrency: true }, () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await startHasty('file', [...Object.keys(DAMAGES), ...OTHERS].map(overloaded));
  });
  after(() => fleet?.close());

  it('leaves session and worktree to the next attempt, which goes on in both; nothing is paid twice', async () => {
    const { id } = await submit(fleet, 'nothing else happens');
    const waiting = await waits(fleet, id);
    assert.equal(worktrees(fleet, id).length, 1, 'the worktree waits as well');
    const job = await assertDone(fleet, id, 'Went on.', 'one\ntwo\n');
    assert.deepEqual(await course(fleet, id), ['fresh', 'new', 'kept', 'resumed']);
    assert.deepEqual([job.resumed, job.session_id], [true, waiting.session_id]);
    const asked = fleet.model.requests.map(({ body }) => JSON.stringify(body) ?? '');
    const goingOn = asked.filter((body) => body.includes('go on with the task:\\n\\nnothing else happens'));
    assert.ok(
      goingOn.length > 0 && goingOn.every((body) => body.includes('Taking notes.')),
      'with its history',
    );
    // One answer was paid in the first attempt, two in the second.
    assert.ok(Math.abs(Number(job.cost_usd) - 3 * Number(waiting.cost_usd)) < 1e-9, JSON.stringify(job));
    assert.equal((await fleet.feed(id)).find(({ data }) => data.resumed === true)?.event, 'ClaudeStarted');
  });

  for (const [damage, inflict] of Object.entries(DAMAGES)) {
    it(`makes the next attempt start afresh when ${damage}`, async () => {
      const { id } = await submit(fleet, damage);
      inflict(await waits(fleet, id), fleet);
      const job = await assertDone(fleet, id, 'Did it all.', 'one\n');
      assert.deepEqual(await course(fleet, id), ['fresh', 'new', 'fresh', 'new']);
      assert.deepEqual([job.resumed, job.attempt], [false, 2]);
    });
  }

  it('costs one attempt more when its session file turned to garbage, and ends well', async () => {
    const { id } = await submit(fleet, 'its session file turns to garbage');
    writeFileSync(sessionOf(fleet, await waits(fleet, id)), 'garbage\n');
    await assertDone(fleet, id, 'Did it all.', 'one\n');
    assert.deepEqual(await course(fleet, id), ['fresh', 'new', 'kept', 'resumed', 'fresh', 'new']);
  });

  it('keeps no worktree for a job that is cancelled while it waits', async () => {
    const { id } = await submit(fleet, 'it is cancelled');
    await waits(fleet, id);
    await fetch(`${fleet.url}/jobs/${id}`, { method: 'DELETE' });
    assert.equal((await fleet.ended(id)).status, 'cancelled');
    await noWorktree(fleet, id);
  });
});

for (const bus of ['file', 'redis'] as const) {
  describe(`SIGKILL of the server while a tool runs, on the ${bus} bus`, () => {
    it('leaves session and worktree to the attempt that takes the job up', () =>
      withFleet(bus, [sleeping], async (fleet) => {
        const { id } = await submit(fleet);
        await eventually('the tool sleeps', () =>
          processesOf(id).some((line) => line.startsWith('sleep 600')),
        );
        const { worktree_path: path, session_id: session } = await fleet.job(id);
        fleet.kill();
        await eventually('nothing of it is left', () => processesOf(id).length === 0);
        await fleet.restart();
        const job = await assertDone(fleet, id, 'Went on.', 'one\ntwo\n');
        assert.deepEqual([job.resumed, job.worktree_path, job.session_id], [true, path, session]);
        assert.deepEqual(await course(fleet, id), ['fresh', 'new', 'kept', 'resumed']);
      }));
  });
}

describe('a deploy while a tool runs', () => {
  it('hands worktree and session over to the next server', () =>
    withFleet('file', [sleeping], async (fleet) => {
      const { id } = await submit(fleet);
      await eventually('the tool sleeps', () => processesOf(id).some((line) => line.startsWith('sleep 600')));
      await fleet.restart();
      const job = await assertDone(fleet, id, 'Went on.', 'one\ntwo\n');
      assert.deepEqual([job.resumed, job.attempts_used], [true, 1]);
    }));
});

function sessionOf(fleet: Fleet, job: JobJson): string {
  const folder = join(fleet.folder, 'home', 'jobs', job.id);
  const name = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((path) =>
    path.endsWith(`${job.session_id}.jsonl`),
  );
  return join(folder, name ?? assert.fail('it has no session file'));
}

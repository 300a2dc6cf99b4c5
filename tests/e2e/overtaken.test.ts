// A worker that dies or stalls while another one lives: its job goes on elsewhere, and it can do no harm when it wakes.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type RunningServer, startServer } from '../../scripts/quickstart/start-server.js';
import type { Script } from '../../scripts/scripted-model/script.js';
import { eventually } from '../support/eventually.js';
import { tempDir } from '../support/temp-dir.js';
import { assertEvidence } from './evidence.js';
import { type Fleet, processesOf, startFleet } from './fleet.js';
import { DOOR, type JobJson } from './surrounded-server.js';

/** The first attempt sleeps in a tool; those after it see that, and write and commit. */
const sleepOnce = (marker: string): Script => ({
  name: 'sleep-once',
  match: 'sleep once',
  steps: [
    {
      say: 'Trying.',
      call: [
        {
          tool: 'Bash',
          input: {
            command: `[ -e ${marker} ] || { touch ${marker}; sleep 600; }; date +%N > n.txt; git add -A; git commit -qm N`,
          },
        },
      ],
    },
    { say: 'Written.' },
  ],
});

const sleeps = (id: string): boolean => processesOf(id).some((command) => command.startsWith('sleep 600'));

interface Scene {
  readonly fleet: Fleet;
  /** The job whose first attempt sleeps on the first worker. */
  readonly id: string;
  /** Starts the worker that is to take over. */
  other(): Promise<RunningServer>;
}

async function withSleepingJob(body: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = await tempDir();
  const fleet = await startFleet('redis', [sleepOnce(join(folder, 'slept'))]);
  let second: RunningServer | undefined;
  try {
    const { id } = await fleet.submit({ task: 'sleep once', repo_url: fleet.remote });
    await eventually('a tool sleeps', () => sleeps(id));
    await body({
      fleet,
      id,
      async other() {
        second = await startServer(DOOR, folder, fleet.settings);
        return second;
      },
    });
  } finally {
    await second?.stop();
    await fleet.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function assertWonBy(other: RunningServer, { fleet, id }: Scene): Promise<void> {
  const job = await eventually('the job ends', async () => {
    const response = await fetch(`${other.url}/jobs/${id}`);
    const found: JobJson = JSON.parse(await response.text()).job;
    return found.status !== 'running' && found.status !== 'queued' && found;
  });
  assert.equal(job.status, 'succeeded', JSON.stringify(job));
  assert.equal(job.attempt, 2);
  assert.equal(fleet.git('rev-parse', `agenticore-${id}`).trim(), job.commit);
  assert.equal(fleet.git('rev-list', '--count', `main..agenticore-${id}`).trim(), '1');
}

describe('with two workers on one Redis', () => {
  it('a job whose worker is killed is taken over by the other one', () =>
    withSleepingJob(async (scene) => {
      const other = await scene.other();
      scene.fleet.kill();
      await assertWonBy(other, scene);
      assert.deepEqual(processesOf(scene.id), []);
    }));

  it("a worker that stalls past its lease is refused when it wakes, its claude stopped, the tip the winner's", () =>
    withSleepingJob(async (scene) => {
      const { fleet, id } = scene;
      const other = await scene.other();
      fleet.kill('SIGSTOP');
      await assertWonBy(other, scene);
      assert.ok(sleeps(id), 'the claude of the stalled worker still waits for its tool');
      fleet.kill('SIGCONT');
      await eventually('its claude is stopped', () => processesOf(id).length === 0);
      const ledger = await fleet.ledger(id);
      assert.equal(ledger.at(-1)?.type, 'JobSucceeded');
      await assertWonBy(other, scene);
      await assertEvidence(fleet, id);
      assert.equal((await fleet.submit({ task: 'anything' })).status, 'queued', 'it goes on as a worker');
    }));
});

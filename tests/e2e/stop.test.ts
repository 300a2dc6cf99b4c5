// Cancelled, killed, restarted: nothing goes on unwatched, and every job still ends once.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { type Fleet, processesOf, sleepLong, startFleet } from './fleet.js';

const sleepsInTool = (id: string) =>
  eventually('the tool sleeps', () => {
    const processes = processesOf(id);
    return processes.filter((command) => command.startsWith('sleep 600')).length >= 2 && processes;
  });

const nothingLeft = (id: string) =>
  eventually('no process of the job is left', () => processesOf(id).length === 0);

describe('a cancel while a tool sleeps', () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await startFleet('file', [sleepLong]);
  });
  after(() => fleet?.close());

  it('leaves nothing of the process tree, and the job says cancelled and stays so', async () => {
    const { id } = await fleet.submit({ task: 'sleep long', repo_url: fleet.remote });
    await sleepsInTool(id);
    const answer = await fetch(`${fleet.url}/jobs/${id}`, { method: 'DELETE' });
    assert.equal(answer.status, 200);
    const job = await fleet.ended(id);
    await nothingLeft(id);
    assert.equal(job.status, 'cancelled');
    const again = await fetch(`${fleet.url}/jobs/${id}`, { method: 'DELETE' });
    assert.equal(again.status, 200);
    assert.deepEqual(await fleet.job(id), job);
    assert.equal(fleet.git('branch', '--list', 'agenticore-*'), '', 'nothing was pushed');
  });
});

describe('a deploy while a tool sleeps', () => {
  it('hands the job back within the grace, unburned, and it is taken up by the next server', async () => {
    const fleet = await startFleet(
      'file',
      [{ ...sleepLong, steps: [{ ...sleepLong.steps[0] }, { say: 'Rested.' }] }],
      { AGENTICORE_DRAIN: '1' },
    );
    try {
      const { id } = await fleet.submit({ task: 'sleep long' });
      await sleepsInTool(id);
      await fleet.restart();
      await eventually('a second attempt runs', async () => (await fleet.job(id)).attempt === 2);
      const job = await fleet.job(id);
      assert.deepEqual([job.status, job.attempts_used], ['running', 1]);
      await fetch(`${fleet.url}/jobs/${id}`, { method: 'DELETE' });
      await fleet.ended(id);
      await nothingLeft(id);
    } finally {
      await fleet.close();
    }
  });
});

for (const bus of ['file', 'redis'] as const) {
  describe(`SIGKILL of the server on the ${bus} bus`, () => {
    it('ends its claude within seconds; the next server takes the job up and ends it once, transcript whole', async () => {
      // The first attempt sleeps in a tool; the second sees that and goes on.
      const command =
        'if [ -e "$HOME/../../../../slept" ]; then echo rested; else touch "$HOME/../../../../slept"; sleep 600 & sleep 600; fi';
      const scripts = [
        {
          name: 'sleep-once',
          match: 'sleep once',
          steps: [{ say: 'Trying.', call: [{ tool: 'Bash', input: { command } }] }, { say: 'Rested.' }],
        },
      ];
      const fleet = await startFleet(bus, scripts);
      try {
        const { id } = await fleet.submit({ task: 'sleep once', repo_url: fleet.remote });
        const waiting = await fleet.submit({ task: 'sleep once', repo_url: fleet.remote });
        await eventually('a tool sleeps', () =>
          [id, waiting.id].some((jobId) =>
            processesOf(jobId).some((command) => command.startsWith('sleep 600')),
          ),
        );
        fleet.kill();
        await nothingLeft(id);
        await nothingLeft(waiting.id);
        await fleet.restart();
        for (const jobId of [id, waiting.id]) {
          const job = await fleet.ended(jobId);
          assert.equal(job.status, 'succeeded', JSON.stringify(job));
          const frames = await fleet.feed(jobId);
          const events = frames.map((frame) => frame.event);
          assert.equal(events.filter((event) => event === 'JobSucceeded').length, 1);
          assert.equal(events.at(-1), 'end');
          assertWhole(
            frames
              .filter((frame) => 'prev' in frame.data && 'message' in frame.data)
              .map((frame) => frame.data),
          );
        }
        const attempts = await Promise.all(
          [id, waiting.id].map(async (jobId) => (await fleet.job(jobId)).attempt),
        );
        assert.ok(attempts.includes(2), 'one was taken up again');
      } finally {
        await fleet.close();
      }
    });
  });
}

/** Sequence numbers of the messages rise within each attempt. */
function assertWhole(messages: readonly Record<string, unknown>[]): void {
  assert.ok(messages.length > 0);
  for (const [index, message] of messages.entries()) {
    const earlier = messages[index - 1];
    if (earlier?.attempt === message.attempt) assert.ok(Number(message.seq) > Number(earlier?.seq));
    else assert.ok(earlier === undefined || Number(message.attempt) > Number(earlier.attempt));
  }
}

// Cancelled while a tool sleeps: nothing goes on unwatched.
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

// A later job goes on in the Claude session of an earlier one.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type Fleet, startFleet } from './fleet.js';

describe('a job with the session_id of an earlier one', () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await startFleet('file', [
      { name: 'first', match: 'remember the number 7', steps: [{ say: 'I will.' }] },
      { name: 'second', match: 'which number', steps: [{ say: 'It was 7.' }] },
    ]);
  });
  after(() => fleet?.close());

  it('gives Claude the conversation so far', async () => {
    const first = await fleet.ended((await fleet.submit({ task: 'remember the number 7' })).id);
    const { id } = await fleet.submit({ task: 'which number was it?', session_id: first.session_id });
    const second = await fleet.ended(id);
    assert.deepEqual(
      [second.status, second.output, second.session_id],
      ['succeeded', 'It was 7.', first.session_id],
      JSON.stringify(second),
    );
    const asked = JSON.stringify(fleet.model.requests.at(-1)?.body);
    assert.ok(asked.includes('remember the number 7') && asked.includes('I will.'), 'the history went along');
  });

  it('fails with a sentence that says where sessions live when it is not here', async () => {
    const job = await fleet.ended(
      (await fleet.submit({ task: 'which number', session_id: randomUUID() })).id,
    );
    assert.deepEqual([job.status, job.code], ['failed', 'AGENTICORE_SESSION_NOT_FOUND']);
    assert.match(String(job.error), /host|shared/);
  });
});

// What the model can do wrong: each ends as docs/what-if.md says, with a sentence that a person can act on.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Fault, Script } from '../../scripts/scripted-model/script.js';
import { eventually } from '../support/eventually.js';
import { type Fleet, processesOf, startFleet } from './fleet.js';

const faulty = (name: string, fault: Fault): Script => ({
  name,
  match: name,
  steps: [{ say: 'Some words before it breaks.', fault }],
});

const scripts: Script[] = [
  faulty('unauthorised', { status: 401 }),
  faulty('limit by retry-after', { status: 429, retry_after: 3600 }),
  faulty('bad request', { status: 400 }),
  faulty('hangs', { kind: 'hang_before_headers' }),
  faulty('falls silent', { kind: 'silence' }),
  faulty('cut once', { kind: 'cut', at: 'mid_block', times: 1 }),
  {
    name: 'turns',
    match: 'too many turns',
    steps: [
      { call: [{ tool: 'Bash', input: { command: 'true' } }] },
      { call: [{ tool: 'Bash', input: { command: 'true' } }] },
      { say: 'never said' },
    ],
  },
];

describe('a model that misbehaves', () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await startFleet('file', scripts, { AGENTICORE_MAX_PARALLEL_JOBS: '2' });
  });
  after(() => fleet?.close());

  const ask = (task: string, more: Record<string, unknown> = {}) => fleet.submit({ task, ...more });

  it('answers 401: the job fails at once and says which variable to set', async () => {
    const { id } = await ask('unauthorised');
    const job = await fleet.ended(id);
    assert.deepEqual([job.status, job.code, job.attempt], ['failed', 'AGENTICORE_CLAUDE_AUTH_FAILED', 1]);
    assert.match(String(job.error), /ANTHROPIC_API_KEY/);
    const calls = fleet.model.requests.filter(
      (request) => request.path === '/v1/messages' && JSON.stringify(request.body).includes('unauthorised'),
    );
    assert.ok(calls.length <= 3, `no hammering: ${calls.length} calls`);
  });

  it('refuses the request: exit code or not, the job fails with what it said', async () => {
    const { id } = await ask('bad request');
    const job = await fleet.ended(id);
    assert.equal(job.status, 'failed');
    assert.match(String(job.code), /^AGENTICORE_CLAUDE_/);
    assert.ok(String(job.error).length > 20, String(job.error));
  });

  for (const task of ['hangs', 'falls silent']) {
    it(`${task}: the deadline ends the attempt, and claude with it`, async () => {
      const { id } = await ask(task, { timeout_s: 4 });
      const job = await fleet.ended(id);
      assert.deepEqual([job.status, job.code], ['failed', 'AGENTICORE_CLAUDE_TIMEOUT']);
      assert.match(String(job.error), /4 ?s|deadline/);
      assert.deepEqual(processesOf(id), []);
    });
  }

  it('is cut in the middle of a block: the answer arrives whole all the same', async () => {
    const { id } = await ask('cut once');
    const job = await eventually('it ends or is tried again', async () => {
      const found = await fleet.job(id);
      return (found.status !== 'running' && found.attempt === 1 && found.status !== 'queued') ||
        found.next_attempt_at
        ? found
        : false;
    });
    if (job.status === 'queued') assert.match(String(job.code), /MODEL_/);
    else assert.deepEqual([job.status, job.output], ['succeeded', 'Some words before it breaks.']);
  });

  it('needs more turns than allowed: the job says so', async () => {
    const { id } = await ask('too many turns', { max_turns: 1 });
    const job = await fleet.ended(id);
    assert.deepEqual([job.status, job.code], ['failed', 'AGENTICORE_CLAUDE_MAX_TURNS']);
  });

  // The last one: nothing else is started with this credential afterwards.
  it('has a usage limit: the job is parked, no attempt is burned', async () => {
    const { id } = await ask('limit by retry-after');
    const job = await eventually('the job is parked', async () => {
      const found = await fleet.job(id);
      return found.next_attempt_at !== undefined && found;
    });
    assert.deepEqual(
      [job.status, job.attempts_used, job.code],
      ['queued', 0, 'AGENTICORE_CLAUDE_USAGE_LIMIT'],
    );
    assert.ok(Date.parse(String(job.next_attempt_at)) > Date.now());
    const answer = await fetch(`${fleet.url}/jobs/${id}`, { method: 'DELETE' });
    assert.match(await answer.text(), /"status":"cancelled"/);
  });
});

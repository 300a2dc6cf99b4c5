// What the model can do wrong, seen from outside: a sentence that a person can act on. Each fault by itself is in
// tests/adapters/claude/real-claude.test.ts.
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
  faulty('hangs', { kind: 'hang_before_headers' }),
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

  it('hangs: the deadline ends the attempt, and claude with it', async () => {
    const { id } = await ask('hangs', { timeout_s: 4 });
    const job = await fleet.ended(id);
    assert.deepEqual([job.status, job.code], ['failed', 'AGENTICORE_CLAUDE_TIMEOUT']);
    assert.match(String(job.error), /4 ?s|deadline/);
    assert.deepEqual(processesOf(id), []);
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

// The usage limit of a fleet on Redis, with the real claude: one job meets it, the others wait without starting.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Script } from '../../scripts/scripted-model/script.js';
import { eventually } from '../support/eventually.js';
import { type Fleet, startFleet } from './fleet.js';
import type { JobJson } from './surrounded-server.js';

const scripts: Script[] = [
  {
    name: 'limited once',
    match: 'first job',
    steps: [
      {
        say: 'The first is done.',
        fault: { status: 429, rate_limit: { status: 'rejected', resets_in: 8 }, times: 1, per: 'server' },
      },
    ],
  },
  { name: 'never limited', match: 'second job', steps: [{ say: 'The second is done.' }] },
];

describe('a usage limit', () => {
  let fleet: Fleet;
  before(async () => {
    // A subscription: claude says until when only when it is logged in with a token.
    const credentials = { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-planted-0123456789' };
    fleet = await startFleet('redis', scripts, credentials);
  });
  after(() => fleet?.close());

  const typesOf = async (id: string): Promise<readonly string[]> =>
    (await fleet.ledger(id)).map(({ type }) => type);
  const parked = (id: string): Promise<JobJson> =>
    eventually(`job ${id} is parked`, async () => {
      const job = await fleet.job(id);
      return job.next_attempt_at !== undefined && job;
    });
  const asked = (words: string): boolean =>
    fleet.model.requests.some(
      ({ path, body }) => path === '/v1/messages' && JSON.stringify(body).includes(words),
    );

  it('parks the next job without starting claude, and lets both succeed when it is over', async () => {
    const first = await fleet.submit({ task: 'first job' });
    const { next_attempt_at: until } = await parked(first.id);
    assert.deepEqual((await typesOf(first.id)).at(-1), 'AttemptParked');
    assert.ok(Date.parse(String(until)) > Date.now());

    const second = await fleet.submit({ task: 'second job' });
    const { attempt, code } = await parked(second.id);
    assert.deepEqual([attempt, code], [0, 'AGENTICORE_CLAUDE_USAGE_LIMIT']);
    assert.deepEqual((await typesOf(second.id)).slice(0, 2), ['JobSubmitted', 'JobParked']);
    assert.equal(asked('second job'), false, 'the model was not asked');

    const ended = await Promise.all([first, second].map(({ id }) => fleet.ended(id)));
    assert.deepEqual(
      ended.map(({ status, attempts_used, output }) => [status, attempts_used, output]),
      [
        ['succeeded', 1, 'The first is done.'],
        ['succeeded', 1, 'The second is done.'],
      ],
    );
    const starts = async (id: string) =>
      (await typesOf(id)).filter((type) => type === 'ClaudeStarted').length;
    assert.deepEqual([await starts(first.id), await starts(second.id)], [2, 1]);
  });
});

// A profile that sets up and verifies, with the real claude: what fails goes back into its session until it passes.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { writeFiles } from '../adapters/profile-files/profile-kit.js';
import { assertEvidence, assertVerified } from './evidence.js';
import { type Fleet, MODEL_KEY, startFleet } from './fleet.js';

const write = (text: string) => [
  { call: [{ tool: 'Bash', input: { command: `echo ${text} > answer.txt` } }] },
  { say: `I wrote ${text}.` },
];

const PROFILE = `
extends: code
setup:
  - echo "setup of $PWD" && mkdir node_modules && touch setup-was-here "$HOME/tool" && env
verify:
  - test -f "$HOME/tool"
  - echo x > artefact.txt; n=$(cat answer.txt); [ "$n" = 3 ] || { echo "the answer is $n"; exit 1; }
`;

describe('a job whose profile verifies', () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await startFleet('file', [
      { name: 'first', match: 'find the answer', steps: write('1') },
      { name: 'second', match: 'the answer is 1', steps: write('2') },
      { name: 'third', match: 'the answer is 2', steps: write('3') },
    ]);
    await writeFiles(join(fleet.folder, 'home/profiles'), { 'verified/profile.yml': PROFILE });
  });
  after(() => fleet?.close());

  it('is three turns in one session and one push of what passed, told in its ledger', async () => {
    const { id } = await fleet.submit({
      task: 'find the answer',
      repo_url: fleet.remote,
      profile: 'verified',
    });
    const job = await fleet.ended(id);
    assert.equal(job.status, 'succeeded', JSON.stringify(job));
    const records = await fleet.ledger(id);
    const started = records.filter((record) => record.type === 'ClaudeStarted');
    const finished = records.filter((record) => record.type === 'ClaudeFinished');
    assert.deepEqual([started.length, new Set(started.map(({ sessionId }) => sessionId)).size], [3, 1]);
    assert.equal(records.filter(({ type }) => type === 'BranchPushed').length, 1);
    const rounds = records.filter((record) => record.type === 'VerificationFinished');
    assert.deepEqual(
      rounds.map(({ round, passed, output }) => [round, passed, output]),
      [
        [1, false, 'the answer is 1'],
        [2, false, 'the answer is 2'],
        [3, true, ''],
      ],
    );
    const costs = finished.map(({ costUsd }) => costUsd);
    assert.ok(costs.every((cost) => cost > 0));
    assert.ok(
      Number(costs[2]) < 2 * Number(costs[0]),
      `each counts what it cost itself: ${costs.join(', ')}`,
    );
    assert.equal(
      job.cost_usd,
      costs.reduce((sum, cost) => sum + cost),
    );

    const asked = fleet.model.requests.map(({ body }) => JSON.stringify(body));
    assert.ok(
      asked.at(-1)?.includes('find the answer') && asked.at(-1)?.includes('I wrote 2.'),
      'one conversation',
    );
    const files = fleet.git('ls-tree', '-r', '--name-only', `agenticore-${id}`).split('\n');
    assert.ok(files.includes('answer.txt'));
    for (const foreign of ['artefact.txt', 'setup-was-here', 'node_modules'])
      assert.equal(
        files.some((file) => file.startsWith(foreign)),
        false,
        foreign,
      );
    const setup = records.find((record) => record.type === 'SetupFinished');
    assert.ok(setup?.type === 'SetupFinished');
    assert.match(setup.output, new RegExp(`setup of .*${id}`));
    assert.equal(/ANTHROPIC|\[redacted\]/.test(setup.output), false, 'no credentials of the model');
    assert.equal(JSON.stringify(records).includes(MODEL_KEY), false);
    assert.equal(existsSync(join(fleet.folder, 'home/jobs', id, 'home')), false);
    await assertEvidence(fleet, id);
    await assertVerified(fleet, id);
  });
});

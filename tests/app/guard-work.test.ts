// What an attempt does with work that may not be pushed.
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { getJob } from '../../src/app/inspect-jobs.js';
import { runAttempt } from '../../src/app/run-attempt.js';
import type { LedgerRecord } from '../../src/domain/evidence.js';
import type { Job } from '../../src/domain/job.js';
import type { CodeHost } from '../../src/ports/code-host.js';
import { submit } from '../support/ledger.js';
import { GITHUB_TOKEN, SLACK_TOKEN } from '../support/planted-secrets.js';
import { OWN_SECRET, type Setting, type Stage, setStage, succeed } from './doubles.js';

const never = new AbortController().signal;
const stages: Stage[] = [];

afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close();
});

interface Outcome {
  readonly job: Job;
  readonly deeds: readonly string[];
  readonly ledger: readonly LedgerRecord[];
}

/** One attempt of a job of two, to its end. */
async function attempt(setting: Setting, task = 'work'): Promise<Outcome> {
  const stage = await setStage(setting);
  stages.push(stage);
  const order = { repoUrl: 'https://git.example/acme/shop.git', maxAttempts: 2, task };
  await submit(stage.bus.events, { order });
  const claim = await stage.bus.queue.claim('jobs', 'worker-1', never);
  assert.ok(claim);
  await runAttempt(stage.deps, claim, never);
  const { job } = await getJob(stage.bus.events, claim.jobId);
  return { job, deeds: stage.deeds.slice(1), ledger: await stage.bus.events.read(job.id) };
}

describe('work that the guard objects to', () => {
  it('is not pushed but kept; the job fails for good and says what was found where', async () => {
    const { job, deeds, ledger } = await attempt({
      work: { 'src/a.ts': `one\nconst key = '${GITHUB_TOKEN}'\n` },
    });
    assert.deepEqual(deeds, ['commit', 'close']);
    assert.deepEqual(
      ledger.slice(-3).map(({ type }) => type),
      ['CommitReady', 'PushBlocked', 'JobFailed'],
    );
    assert.deepEqual([job.status, job.code, job.commit], ['failed', 'PUSH_BLOCKED', 'c0ffee']);
    assert.match(job.error ?? '', /a secret \(github\) at src\/a\.ts:2 in commit c0ffee \(guard: secrets\)/);
    assert.deepEqual(job.findings, [
      { rule: 'secrets', what: 'a secret (github)', path: 'src/a.ts', line: 2, commit: 'c0ffee' },
    ]);
    assert.equal(JSON.stringify(ledger).includes(GITHUB_TOKEN), false);
  });

  it('goes out when the secret stood in the base, or lies where the profile allows it', async () => {
    const work = { 'tests/fixtures/key.txt': GITHUB_TOKEN };
    const allowed = await attempt({ work, profile: { guard: { allow_secrets_in: ['fixtures'] } } });
    const unguarded = await attempt({ work, profile: { guard: { secrets: false } } });
    const known = await attempt({ work, base: [GITHUB_TOKEN] });
    for (const { job, deeds } of [allowed, unguarded, known]) {
      assert.deepEqual([job.status, job.findings], ['succeeded', undefined]);
      assert.deepEqual(deeds, ['commit', 'push', 'close']);
    }
  });

  it("never goes out with the server's own secrets, whatever the profile allows", async () => {
    const guard = { secrets: false, allow_secrets_in: ['**'] };
    const { job, deeds } = await attempt({ work: { 'a.txt': OWN_SECRET }, profile: { guard } });
    assert.deepEqual(deeds, ['commit', 'close']);
    assert.equal(job.findings?.[0]?.rule, 'own_secrets');
  });

  it('is guarded in its names too, which are told without the secret', async () => {
    const work = { [`keys/${SLACK_TOKEN}/x`]: 'x' };
    const { job, ledger } = await attempt({ work, profile: { guard: { deny_paths: ['keys'] } } });
    assert.deepEqual(
      job.findings?.map(({ path }) => path),
      ['keys/[redacted]', 'keys/[redacted]'],
    );
    assert.equal(JSON.stringify(ledger).includes(SLACK_TOKEN), false);
  });

  it('is described without secrets too, in its commit and in its pull request', async () => {
    const said: string[] = [];
    const openPullRequest: CodeHost['openPullRequest'] = async ({ title, body }) => {
      said.push(title, body);
      return { url: 'https://git.example/pr/1', existed: false, shortfalls: [] };
    };
    const setting: Setting = {
      act: async (...given) => ({ ...(await succeed(...given)), answer: `I have put in ${SLACK_TOKEN}.` }),
      committing: (message) => said.push(message),
      over: { codeHosts: [{ serves: () => true, openPullRequest }] },
    };
    await attempt(setting, `Use ${SLACK_TOKEN} there`);
    const [message = '', title, body = ''] = said;
    assert.equal(message.split('\n')[0], 'Use [redacted] there');
    assert.equal(title, 'Use [redacted] there');
    assert.match(body, /> Use \[redacted\] there\n[\s\S]*I have put in \[redacted\]/);

    await attempt({ ...setting, profile: { guard: { secrets: false } } }, `Use ${SLACK_TOKEN} ${OWN_SECRET}`);
    assert.equal(said[4], `Use ${SLACK_TOKEN} [redacted]`, 'what the profile allows may be said');
  });

  it('is told in a few findings, however many there are', async () => {
    const work = Object.fromEntries(
      Array.from({ length: 500 }, (_, n) => [`${'deep/'.repeat(100)}${n}.pem`, `${n}`]),
    );
    const { job, ledger } = await attempt({ work, profile: { guard: { deny_paths: ['*.pem'] } } });
    const blocked = ledger.at(-2);
    assert.ok(blocked?.type === 'PushBlocked');
    assert.equal(blocked.total, 500);
    assert.equal(job.findings?.length, 20);
    assert.ok(JSON.stringify(blocked).length < 10_000);
    assert.match(job.error ?? '', /and 497 more/);
  });

  it('makes the job fail when the profile has a glob that cannot be read', async () => {
    const { job, deeds } = await attempt({
      work: { a: 'x' },
      profile: { guard: { deny_paths: ['x'.repeat(70_000)] } },
    });
    assert.deepEqual([job.status, job.code], ['failed', 'BROKEN_PROFILE']);
    assert.deepEqual(deeds, ['commit', 'close']);
  });
});

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type } from './person.js';
import { holdSucceededJob, ID, STORY } from './sample-job.js';
import { createScreen } from './screen.js';
import { frame, frames, problem, type ServerDouble, startServerDouble } from './server-double.js';

const DONE = frame('99-0.end', 'end', {});

let server: ServerDouble;
beforeEach(async () => {
  server = await startServerDouble();
  holdSucceededJob(server);
});
afterEach(() => server.stop());

describe('following a job whose profile sets up and verifies', () => {
  it('tells what ran, and what did not pass', async () => {
    const ran = (command: string, exit_code: number | null) => ({ command, exit_code, duration_ms: 10 });
    const told: readonly (readonly [string, Record<string, unknown>])[] = [
      ['SetupFinished', { passed: true, commands: [ran('npm ci', 0), ran('npm run build', 0)], output: '' }],
      [
        'VerificationFinished',
        {
          round: 1,
          passed: false,
          commands: [ran('npm run lint', 0), ran('npm test', 1)],
          output: 'a\nnot ok 1',
        },
      ],
      ['VerificationFinished', { round: 2, passed: true, commands: [ran('npm test', 0)], output: 'ok' }],
    ];
    const texts = told.map(([name, data], at) => frame(at + 1, name, { type: name, attempt: 1, ...data }));
    server.on(`GET /jobs/${ID}/events`, (res) => frames(res, [...texts, DONE]));
    const { out } = await type(['watch', ID], { url: server.url });
    assert.deepEqual(out.split('\n').slice(0, 3), [
      '● Set up: npm ci, npm run build',
      '● Verification 1 failed: npm test ended with exit code 1 (not ok 1)',
      '● Verified: npm test',
    ]);
  });
});

describe('following a job into a file', () => {
  it('writes whole lines, in order, and ends with the result', async () => {
    const { code, out, err } = await type(['run', 'make the test pass', '-f'], { url: server.url });
    assert.equal(code, 0);
    assert.equal(err, '');
    assert.deepEqual(out.split('\n'), [
      `● Job ${ID}`,
      `● Working on agenticore-${ID}, from main abcdef0123`,
      '● Claude 2.1.197 · claude-sonnet · session s1',
      '✻ Let me look first.',
      '▶ Bash  npm test',
      '    one',
      '    two',
      '    three',
      '    four',
      '    five',
      '    … +2 lines',
      'The sum was a difference.',
      'Now it adds.',
      '● Claude finished: 7 turns, $0.0312',
      '● Commit 0123456789',
      `● Pushed agenticore-${ID}`,
      '',
      '✔ succeeded in 1m 12s · 7 turns · $0.0312',
      `  job           ${ID}`,
      `  branch        agenticore-${ID}`,
      '  commit        0123456789abcdef0123456789abcdef01234567',
      '  1 file changed, +1 -1',
      '    src/sum.js  +1 -1',
      '',
    ]);
  });

  it('has colours only when they are forced, and never moves the cursor', async () => {
    const { out } = await type(['watch', ID], { url: server.url, forceColor: true });
    assert.ok(out.includes('\u001b[32m'));
    assert.ok(!out.includes('\r') && !out.includes('\u001b[J'));
    assert.ok(
      !(await type(['watch', ID], { url: server.url, forceColor: true, noColor: true })).out.includes(
        '\u001b',
      ),
    );
  });

  it('writes every frame as JSON with --json, unknown ones too, and the job at last', async () => {
    const { code, out } = await type(['watch', ID, '--json'], { url: server.url });
    assert.equal(code, 0);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(lines.length, STORY.length + 1);
    assert.deepEqual(lines.map(({ event }) => event).slice(-3), ['JobSucceeded', 'end', 'job']);
    assert.ok(lines.some(({ event }) => event === 'a_type_nobody_knows'));
    assert.equal(lines.at(-1).data.branch, `agenticore-${ID}`);
    assert.equal(lines[0].id, '1-0');
  });

  it('tells what went wrong around Claude', async () => {
    const at = '2026-01-02T03:04:06.000Z';
    const message = (type: string, more: Record<string, unknown>): string =>
      frame(type.length, type, { attempt: 1, seq: 1, message: { type, ...more } });
    server.on(`GET /jobs/${ID}/events`, (res) =>
      frames(res, [
        frame(1, 'gap', { after: null }),
        message('system', {
          subtype: 'api_retry',
          attempt: 2,
          max_retries: 10,
          retry_delay_ms: 3500,
          error_status: 529,
          error: 'overloaded',
        }),
        message('rate_limit_event', {
          rate_limit_info: { status: 'rejected', rateLimitType: 'five_hour', resetsAt: 1_795_372_892 },
        }),
        frame(4, 'AttemptFailed', {
          type: 'AttemptFailed',
          attempt: 1,
          at,
          code: 'AGENTICORE_MODEL_OVERLOADED',
          error: 'The model is overloaded.',
          retry_at: '2026-01-02T03:04:36.000Z',
        }),
        frame(5, 'AttemptStarted', { type: 'AttemptStarted', attempt: 2, at, host: 'pod-7' }),
        frame(51, 'WorkspaceOpened', {
          attempt: 2,
          at,
          path: '/w',
          branch: 'b',
          base_ref: 'main',
          kept: true,
        }),
        frame(52, 'ClaudeStarted', { attempt: 2, at, pid: 1, session_id: 's', resumed: true }),
        frame(6, 'CommitReady', {
          type: 'CommitReady',
          attempt: 2,
          at,
          oid: 'feedbeef00112233',
          left_uncommitted: true,
        }),
        frame(61, 'PushBlocked', {
          type: 'PushBlocked',
          attempt: 2,
          at,
          total: 30,
          findings: [
            { rule: 'secrets', what: 'a secret (github)', path: 'src/\u001b[2Ja.ts', line: 12, commit: 'c' },
            { rule: 'secrets', what: 'a secret (aws)', commit: 'feedbeef00112233' },
            { rule: 'max_files', what: '2000 changed files, more than 1000' },
          ],
        }),
        frame(7, 'PullRequestFailed', {
          type: 'PullRequestFailed',
          attempt: 2,
          at,
          error: 'no\u001b[2J rights',
        }),
        frame(8, 'user', {
          attempt: 1,
          seq: 9,
          preview: '{"type"',
          bytes: 20_971_520,
          sha256: 'x',
          href: `/jobs/${ID}/messages/1/9`,
        }),
        DONE,
      ]),
    );
    const { out } = await type(['watch', ID], { url: server.url });
    for (const line of [
      '● What came before is no longer kept.',
      '● The model does not answer (overloaded 529); retry 2 of 10 in 4s',
      '● Working on b, as it was left',
      '● Claude goes on where it was interrupted.',
      '● Usage limit rejected (five_hour), resets at 2026-11-22T',
      '● Attempt 1 failed: The model is overloaded. It is tried again in 30s.',
      '● Attempt 2 started on pod-7.',
      '● Committed what Claude had left uncommitted: feedbeef00',
      '● The push was blocked: 30 findings',
      '● src/a.ts:12: a secret (github)',
      '● feedbeef00: a secret (aws)',
      '● 2000 changed files, more than 1000',
      '● The pull request could not be opened: no rights',
      `● A tool answered 20.0 MiB, too much to show; whole at /jobs/${ID}/messages/1/9`,
    ]) {
      assert.ok(out.includes(line), `${line}\nin\n${out}`);
    }
  });

  it('survives frames that are not what they should be', async () => {
    const odd = [
      null,
      1,
      'x',
      [],
      { message: 5 },
      { message: { message: { content: 'text' } } },
      { message: { message: { content: [null, 1, { type: 'text' }, { type: 'tool_use', input: 'x' }] } } },
    ];
    const names = [
      'assistant',
      'user',
      'system',
      'result',
      'delta',
      'AttemptStarted',
      'ClaudeFinished',
      'rate_limit_event',
      'gap',
      'Nonsense',
      '',
    ];
    server.on(`GET /jobs/${ID}/events`, (res) => {
      frames(res, [
        ...names.flatMap((name, a) => odd.map((data, b) => frame(`${a}-${b}`, name, data))),
        'event: user\ndata: {broken\n\n',
        DONE,
      ]);
    });
    for (const situation of [{}, { out: createScreen(80) }]) {
      assert.equal((await type(['watch', ID], { url: server.url, ...situation })).code, 0);
    }
  });
});

describe('the exit code of a followed job', () => {
  const ends: readonly (readonly [string, Record<string, unknown>, number, RegExp])[] = [
    ['a job that succeeded', {}, 0, /✔ succeeded/],
    ['one whose pull request failed', { pr_error: 'no rights' }, 3, /could not be opened: no rights/],
    [
      'one that failed',
      { status: 'failed', error: 'Claude was stopped.', code: 'AGENTICORE_CLAUDE_TIMEOUT' },
      1,
      /✖ failed.*Claude was stopped\. \(AGENTICORE_CLAUDE_TIMEOUT\).*passed its deadline.*agenticore retry/s,
    ],
    [
      'one whose error says all that is known of its code',
      {
        status: 'failed',
        error: 'The repository cannot be fetched: no route.',
        code: 'AGENTICORE_REPOSITORY_UNREACHABLE',
      },
      1,
      /no route\. \(AGENTICORE_REPOSITORY_UNREACHABLE\)\n {2}Try it again with/,
    ],
    ['one that was cancelled', { status: 'cancelled' }, 1, /✖ cancelled/],
    ['one that expired', { status: 'expired' }, 1, /✖ expired/],
  ];
  for (const [name, overrides, code, summary] of ends) {
    it(`${name}: ${code}`, async () => {
      holdSucceededJob(server, overrides);
      const heard = await type(['watch', ID], { url: server.url });
      assert.equal(heard.code, code);
      assert.match(heard.out, summary);
    });
  }

  it('shows a pull request, and does without the diff when there is none', async () => {
    holdSucceededJob(server, { pr_url: 'https://github.com/acme/widgets/pull/7' });
    server.on(`GET /jobs/${ID}/diff`, (res) => problem(res, 404, 'AGENTICORE_DIFF_NOT_FOUND', 'none'));
    const { code, out } = await type(['watch', ID], { url: server.url });
    assert.equal(code, 0);
    assert.match(out, /pull request {2}https:\/\/github\.com\/acme\/widgets\/pull\/7\n$/);
  });
});

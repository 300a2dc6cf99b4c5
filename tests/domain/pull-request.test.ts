import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evolve, type Job } from '../../src/domain/job.js';
import { mergeProfiles, type PullRequestKeys } from '../../src/domain/profile.js';
import { type PullRequestFacts, pullRequestText } from '../../src/domain/pull-request.js';
import { sampleOrder } from '../support/ledger.js';

const ID = '7f3e1a52-0000-4000-8000-000000000001';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

const job: Job = {
  ...evolve(undefined, {
    ...{ type: 'JobSubmitted', at: 0, jobId: ID, kind: 'task' },
    order: sampleOrder({
      repoUrl: 'https://github.com/acme/shop',
      traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
    }),
  }),
  ...{ costUsd: 0.25, numTurns: 7 },
};

const textOf = (facts: Partial<PullRequestFacts>, keys: PullRequestKeys = {}) =>
  pullRequestText(
    job,
    { task: 'Mend the sum.', baseRef: 'main', ...facts },
    mergeProfiles('code', [{ pull_request: keys }]).pullRequest,
  );
const bodyOf = (facts: Partial<PullRequestFacts>, keys?: PullRequestKeys): string => textOf(facts, keys).body;

describe('the text of a pull request', () => {
  it('says what was asked, what was done, how it was verified and where to look it up', () => {
    const { title, body } = textOf({
      summary: 'The loop starts at 0 now.',
      verification: [
        { command: 'npm test', passed: true },
        { command: 'echo `date`', passed: false },
      ],
    });
    assert.equal(title, 'Mend the sum.');
    assert.equal(
      body,
      `## Asked\n\n> Mend the sum.\n\n## Done\n\nThe loop starts at 0 now.\n\n## Verified\n\n- \`npm test\` passed\n- \`\` echo \`date\` \`\` **failed**\n\n---\n\nJob \`${ID}\` · profile \`code\` · 7 turns · $0.2500 · trace \`${TRACE}\``,
    );
    assert.match(
      bodyOf({ verification: [] }),
      /## Verified\n\nNothing: the profile has no `verify` commands/,
    );
    assert.match(bodyOf({}), /Claude gave no summary/);
  });

  it("is the profile's where it has templates; what fills them is not filled again", () => {
    const { title, body } = textOf(
      { task: 'Mend {{SUMMARY}}', summary: 'Done by {{TASK}}.' },
      {
        title: '[{{PROFILE}}] {{TASK}}\nfor {{ NOBODY }}',
        body: '{{TASK}} | {{SUMMARY}} | {{JOB_ID}} | {{REPO_URL}} | {{BASE_REF}} | {{PROFILE}}',
      },
    );
    assert.equal(title, '[code] Mend {{SUMMARY}} for {{ NOBODY }}');
    assert.equal(
      body,
      `Mend {{SUMMARY}} | Done by {{TASK}}. | ${ID} | https://github.com/acme/shop | main | code`,
    );
  });

  it("has the repository's own template for its frame", () => {
    const body = bodyOf({ template: '# What\n\n<!-- say it -->\n' });
    assert.ok(body.startsWith('# What\n\n<!-- say it -->\n\n## Asked\n\n> Mend'));
  });

  it('keeps the closing references of the task', () => {
    const task = 'Mend it.\nFixes #12, closes: acme/other#3 and fixes #12; see #4. It prefixes #5.';
    assert.match(bodyOf({ task }), /\n\nFixes #12\ncloses: acme\/other#3\nfixes #12$/);
    const url = 'Resolves https://github.com/acme/shop/issues/9';
    assert.ok(bodyOf({ task: url }, { body: 'short' }).endsWith(`short\n\n${url}`));
    assert.doesNotMatch(bodyOf({ summary: 'Fixes #99' }), /\n\nFixes #99$/);
  });

  it('pings nobody', () => {
    for (const words of [
      '@team',
      'cc @acme/devs!',
      '_@team_',
      '\\@team',
      '&#64;team',
      '&commat;team',
      '(@x)',
    ])
      for (const body of [
        bodyOf({ task: words }),
        bodyOf({ summary: words }),
        bodyOf({ task: words }, { body: '{{TASK}}' }),
      ])
        assert.match(body, /(@|&#64;|&commat;)\u200b/, words);
    assert.match(bodyOf({ task: 'write to a@example.com' }), /a@example\.com/);
  });

  it('lets nothing of the task or the summary hide or swallow what comes after', () => {
    const asked = bodyOf({ task: '# Big\n```\n<!-- gone' });
    assert.match(asked, /> # Big\n> ```\n> &lt;!-- gone\n\n## Done/);
    const done = bodyOf({ summary: 'a <!-- b <?php\n<details>\n~~~~js\ncode\n~~~' });
    assert.match(done, /a &lt;!-- b &lt;\?php\n<details>\n~~~~js\ncode\n~~~\n~~~~\n\n<\/details>\n\n---/);
    assert.match(bodyOf({ summary: '```\nclosed\n```' }), /```\nclosed\n```\n\n---/);
    assert.match(bodyOf({ task: 'a\0b\u0007' }), /> ab\n/);
  });

  it('is never longer than GitHub takes, and keeps its end', () => {
    const long = '@a\n'.repeat(100_000);
    const body = bodyOf({ task: `${long} Fixes #12`, summary: long, template: long });
    assert.ok(body.length <= 65_536, `${body.length}`);
    assert.match(body, /shortened[\s\S]*Job `7f3e1a52[\s\S]*Fixes #12$/);
    const filled = bodyOf({ task: `${long} Fixes #12` }, { body: '{{TASK}}'.repeat(20) });
    assert.ok(filled.length <= 65_536);
    assert.match(filled, /shortened\]\n\nFixes #12$/);
    assert.ok(textOf({ task: 'x'.repeat(1000) }, { title: '{{TASK}}' }).title.length <= 256);
  });
});

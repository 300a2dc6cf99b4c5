import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createGithubCodeHost } from '../../../src/adapters/github/code-host.js';
import { createGithubCredentials } from '../../../src/adapters/github/credentials.js';
import { type ErrorCode, isCode } from '../../../src/domain/errors.js';
import type { CodeHost, PullRequestOrder } from '../../../src/ports/code-host.js';
import { createSampleRemote } from '../../support/git-repository.js';
import { type GitHub, primaryLimit, secondaryLimit, startGitHub } from '../../support/github/github.js';
import type { Repository } from '../../support/github/world.js';
import { tempDir } from '../../support/temp-dir.js';

const never = new AbortController().signal;
const OPENS = /^POST \S+\/pulls$/;
const refusedWith = (code: ErrorCode, words: RegExp) => (error: unknown) =>
  isCode(error, code) && words.test(String(error));

interface Scene {
  readonly github: GitHub;
  readonly shop: Repository;
  readonly order: PullRequestOrder;
  /** The code host with this token, or another; null: with none. */
  host(token?: string | null): CodeHost;
  readonly token: string;
}

async function openScene(t: TestContext, more: Partial<Repository> = {}): Promise<Scene> {
  const github = await startGitHub();
  t.after(() => github.close());
  const remote = createSampleRemote(await tempDir(t), 'shop', { 'a.txt': 'one\n' });
  remote.commit({ 'b.txt': 'two\n' }, { branch: 'work', from: 'main' });
  const shop = github.addRepository('acme/shop', remote, more);
  const token = github.addToken('octo-bot');
  const { apiUrl } = github;
  return {
    ...{ github, shop, token },
    order: {
      repoUrl: `${github.url}/acme/shop.git`,
      ...{ branch: 'work', base: 'main', title: 'Work', body: 'Done.', draft: false },
      ...{ labels: [], reviewers: [], assignees: [] },
    },
    host: (shown = token) =>
      createGithubCodeHost({
        apiUrl,
        credentials: createGithubCredentials({ apiUrl, ...(shown === null ? {} : { token: shown }) }),
        secondMs: 1,
      }),
  };
}

describe('the repositories of a GitHub', () => {
  it('are known by each of their addresses, and no others are taken for them', () => {
    const servedBy = (apiUrl: string) => {
      const host = createGithubCodeHost({ apiUrl, credentials: createGithubCredentials({ apiUrl }) });
      return (repoUrl: string) => host.serves(repoUrl);
    };
    const onGithub = servedBy('https://api.github.com');
    for (const address of [
      'https://github.com/acme/shop',
      'https://github.com/acme/shop.git',
      'git@github.com:acme/shop.git',
      'ssh://git@github.com/acme/shop',
    ])
      assert.ok(onGithub(address), address);
    for (const address of [
      'https://ghe.example/acme/shop',
      'https://github.com.example/acme/shop',
      'git@gitlab.com:acme/shop.git',
      'https://github.com/acme',
      '/srv/github.com/acme/shop',
    ])
      assert.ok(!onGithub(address), address);
    const onEnterprise = servedBy('https://ghe.example/api/v3');
    assert.ok(onEnterprise('git@ghe.example:acme/shop.git'));
    assert.ok(!onEnterprise('https://github.com/acme/shop'));
  });
});

describe('a pull request on GitHub', () => {
  it('is opened with base, draft, labels, reviewers and assignees, and found from then on', async (t) => {
    const { github, shop, order, host } = await openScene(t, { collaborators: ['ada'], teams: ['core'] });
    const whole = {
      ...order,
      ...{ draft: true, labels: ['bot', 'fix'], reviewers: ['ada', 'acme/core'], assignees: ['ada'] },
    };
    const url = `${github.url}/acme/shop/pull/1`;
    assert.deepEqual(await host().openPullRequest(whole, never), { url, existed: false, shortfalls: [] });
    const { number: _number, author: _author, ...pull } = shop.pulls[0] ?? assert.fail();
    assert.deepEqual(pull, {
      ...{ title: 'Work', body: 'Done.', head: 'work', base: 'main', draft: true, state: 'open' },
      ...{ labels: ['bot', 'fix'], reviewers: ['ada'], teams: ['core'], assignees: ['ada'] },
    });
    const asked = github.requests.length;
    assert.deepEqual(await host().openPullRequest(whole, never), { url, existed: true, shortfalls: [] });
    assert.equal(shop.pulls.length, 1);
    assert.equal(github.requests.length, asked + 1, 'what it has is left alone');
  });

  it('that another opened between looking and opening is found', async (t) => {
    const { github, shop, order, host } = await openScene(t);
    const looked = github.hold(/^GET .*\/pulls/, 'after');
    const late = host().openPullRequest(order, never);
    await looked.reached;
    assert.equal((await host().openPullRequest(order, never)).existed, false);
    looked.release();
    assert.equal((await late).existed, true);
    assert.equal(shop.pulls.length, 1);
  });

  it('whose opening was not heard of is not opened twice', async (t) => {
    const { github, shop, order, host } = await openScene(t);
    const opened = github.hold(OPENS, 'after');
    const stop = new AbortController();
    const first = host().openPullRequest(order, stop.signal);
    await opened.reached;
    stop.abort('handed-back');
    await assert.rejects(first, (reason) => reason === 'handed-back');
    opened.release();
    assert.equal((await host().openPullRequest(order, never)).existed, true);
    assert.equal(shop.pulls.length, 1);
  });

  it('is opened all the same when something about it cannot be had, which is stated', async (t) => {
    const { shop, order, host } = await openScene(t, { drafts: false, collaborators: ['ada'] });
    const { shortfalls } = await host().openPullRequest(
      {
        ...order,
        ...{ draft: true, labels: ['x'.repeat(51)], reviewers: ['ada', 'bob'], assignees: ['ada', 'eve'] },
      },
      never,
    );
    const pull = shop.pulls[0] ?? assert.fail();
    assert.deepEqual(
      [pull.draft, pull.labels, pull.reviewers, pull.assignees],
      [false, [], ['ada'], ['ada']],
    );
    const expected = [
      /It is no draft: Draft pull requests are not supported/,
      /It has not the labels x+: Validation Failed: name is too long/,
      /bob could not be asked for a review: Reviews may only be requested from collaborators/,
      /It is not assigned to eve/,
    ];
    assert.equal(shortfalls.length, expected.length, shortfalls.join('\n'));
    for (const [index, words] of expected.entries()) assert.match(shortfalls[index] ?? '', words);
  });

  it('survives a stumble of the host and a limit of a moment', async (t) => {
    const { github, order, host } = await openScene(t);
    github.fail(/^GET .*\/pulls/, { status: 502, body: { message: 'Bad Gateway' } });
    github.fail(OPENS, secondaryLimit(2));
    assert.equal((await host().openPullRequest(order, never)).existed, false);
  });
});

describe('a pull request that cannot be opened', () => {
  const GET = /^GET .*\/pulls/;
  it('says what to do', async (t) => {
    const { github, order, host } = await openScene(t);
    const refused = (open: Promise<unknown>, code: ErrorCode, words: RegExp) =>
      assert.rejects(open, refusedWith(code, words));
    await refused(
      host(null).openPullRequest(order, never),
      'CODE_HOST_AUTH_FAILED',
      /No token is configured for 127\.0\.0\.1:\d+: set GITHUB_TOKEN/,
    );
    await refused(
      host('ghp_wrong').openPullRequest(order, never),
      'CODE_HOST_AUTH_FAILED',
      /does not accept our token \(Bad credentials\); set a valid GITHUB_TOKEN/,
    );
    const reader = github.addToken('reader', { permissions: { pull_requests: 'read' } });
    await refused(
      host(reader).openPullRequest(order, never),
      'CODE_HOST_AUTH_FAILED',
      /may not open pull requests of acme\/shop .*the permission "pull_requests=write"/,
    );
    const other = github.addToken('other', { repositories: ['acme/else'] });
    await refused(
      host(other).openPullRequest(order, never),
      'CODE_HOST_AUTH_FAILED',
      /acme\/shop does not exist on .*, or our token may not see/,
    );
    await refused(
      host().openPullRequest({ ...order, base: 'v1.2' }, never),
      'CODE_HOST_REFUSED',
      /v1\.2 is no branch of acme\/shop/,
    );
    await refused(
      host().openPullRequest({ ...order, base: 'work' }, never),
      'CODE_HOST_REFUSED',
      /No commits between work and work/,
    );
    github.fail(GET, primaryLimit(3000));
    await refused(
      host().openPullRequest(order, never),
      'CODE_HOST_LIMITED',
      /limits our requests until 20\d\d-/,
    );
    github.fail(GET, secondaryLimit(300));
    await refused(host().openPullRequest(order, never), 'CODE_HOST_LIMITED', /limits our requests for 300 s/);
    const sso = { 'x-github-sso': 'required; url=https://github.com/orgs/acme/sso?authorization_request=1' };
    github.fail(GET, { status: 403, body: { message: 'Resource protected' }, headers: sso });
    await refused(
      host().openPullRequest(order, never),
      'CODE_HOST_AUTH_FAILED',
      /authorise the token at https:\S+sso/,
    );
    const page = { 'content-type': 'text/html; charset=utf-8' };
    github.fail(GET, { status: 200, body: 'Sign in', headers: page });
    await refused(host().openPullRequest(order, never), 'CODE_HOST_REFUSED', /ends in \/api\/v3/);
    // What stands before GitHub, as a proxy that needs no tunnel, says so as well.
    for (const status of [408, 429, 503]) {
      github.fail(GET, { status, body: { message: 'Not now' } }, 3);
      await refused(host().openPullRequest(order, never), 'CODE_HOST_UNREACHABLE', /cannot open .*Not now/);
    }
  });

  it('says so of a host that is not there', async () => {
    const apiUrl = 'http://127.0.0.1:1/api/v3';
    const credentials = createGithubCredentials({ apiUrl, token: 'ghp_x' });
    const host = createGithubCodeHost({ apiUrl, credentials, secondMs: 1 });
    const order = { branch: 'work', base: 'main', title: '', body: '', draft: false };
    const lists = { labels: [], reviewers: [], assignees: [] };
    const repoUrl = 'http://127.0.0.1:1/acme/shop';
    await assert.rejects(
      host.openPullRequest({ repoUrl, ...order, ...lists }, never),
      refusedWith('CODE_HOST_UNREACHABLE', /127\.0\.0\.1:1 cannot open pull requests now/),
    );
  });
});

// What `agenticore doctor` says of the credentials of GitHub.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkGithub } from '../../src/roles/doctor/check-github.js';
import { loadConfig } from '../../src/runtime/config/load-config.js';
import { type GitHub, startGitHub } from '../support/github/github.js';

const check = (github: GitHub, env: Record<string, string>) =>
  checkGithub(loadConfig({ env: { GITHUB_API_URL: github.apiUrl, ...env } }).config);

describe('doctor, asked about GitHub', () => {
  it('says whose token it is, what it may not do, and that one is not accepted', async (t) => {
    const github = await startGitHub();
    t.after(() => github.close());
    const answers = [
      [200, { 'x-oauth-scopes': 'repo, gist' }, 'ok', /the token of octo-bot$/],
      [200, { 'x-oauth-scopes': 'gist' }, 'warn', /may not push/],
      [200, { 'github-authentication-token-expiration': '2027-01-01 00:00:00 UTC' }, 'ok', /until 2027/],
      [403, {}, 'ok', /accepted/],
      [401, {}, 'fail', /not accepted/],
      [500, {}, 'warn', /could not be tried/],
      [200, { 'content-type': 'text/html' }, 'warn', /could not be tried: .* is not GitHub's API/],
    ] as const;
    for (const [status, headers, level, words] of answers) {
      github.fail(/\/user/, { status, headers, body: { login: 'octo-bot', message: 'Told' } });
      const [finding, ...others] = await check(github, { GITHUB_TOKEN: 'ghp_0123456789' });
      assert.deepEqual([finding?.level, others], [level, []], finding?.fact);
      assert.match(finding?.fact ?? '', words);
      assert.ok(level === 'ok' || finding?.mend !== undefined);
      assert.doesNotMatch(JSON.stringify(finding), /ghp_/);
    }
    assert.match(String((await check(github, {}))[0]?.fact), /no credentials/);
  });

  it('says where an App is installed, and what it was not given', async (t) => {
    const github = await startGitHub();
    t.after(() => github.close());
    const app = github.addApp('agenticore');
    const env = { GITHUB_APP_ID: String(app.id), GITHUB_APP_PRIVATE_KEY: app.privateKey };
    const find = async (changes = {}) => (await check(github, { ...env, ...changes }))[0];
    assert.match(String((await find())?.fact), /installed on nothing/);
    const installation = app.install('acme');
    assert.deepEqual(await find(), { name: 'github', level: 'ok', fact: 'the App 1000, installed on acme' });
    app.install('other', { permissions: { contents: 'read', pull_requests: 'write' } });
    assert.match(String((await find())?.fact), /: other has not given "Contents: read and write"$/);
    installation.suspended = true;
    assert.match(String((await find())?.fact), /acme has suspended it/);
    assert.equal((await find({ GITHUB_APP_ID: '1' }))?.level, 'fail');
    assert.equal((await find({ GITHUB_API_URL: 'http://127.0.0.1:1' }))?.level, 'warn');
  });
});

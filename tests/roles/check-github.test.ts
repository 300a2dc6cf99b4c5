// What `agenticore doctor` says of the credentials of GitHub.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkGithub } from '../../src/roles/doctor/check-github.js';
import { loadConfig } from '../../src/runtime/config/load-config.js';
import { makeCertificate } from '../support/certificate.js';
import { type GitHub, startGitHub } from '../support/github/github.js';
import { startProxy } from '../support/proxy.js';
import { tempDir } from '../support/temp-dir.js';

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
  it('says through which proxy it was asked, and what that has against us', async (t) => {
    const certificate = makeCertificate(await tempDir(t));
    const github = await startGitHub(certificate);
    t.after(() => github.close());
    const proxy = await startProxy({ login: 'me:pa@ss-1' });
    t.after(() => proxy.close());
    const app = github.addApp('agenticore');
    app.install('acme');
    const env = {
      ...{ GITHUB_APP_ID: String(app.id), GITHUB_APP_PRIVATE_KEY: app.privateKey },
      SSL_CERT_FILE: certificate.path,
    };
    const look = async (changes: Record<string, string>) => {
      const findings = await check(github, { ...env, ...changes });
      assert.doesNotMatch(JSON.stringify(findings), /pa(@|%40)ss-1/);
      return findings.map(({ level, fact }) => `${level}: ${fact}`);
    };
    const way = `ok: ${github.host} is asked through ${proxy.host}, as HTTPS_PROXY says`;
    assert.deepEqual(await look({ HTTPS_PROXY: proxy.url }), [way, 'ok: the App 1000, installed on acme']);
    assert.equal(proxy.tunnels.length, 1);
    const [, refused] = await look({ HTTPS_PROXY: `http://${proxy.host}` });
    assert.match(refused ?? '', /^fail: the App 1000 could not be tried: The proxy 127\S+ .* \(407\)/);
    const [, away] = await look({ HTTPS_PROXY: 'http://me:pa%40ss-1@127.0.0.1:1' });
    assert.match(away ?? '', /^warn: .* The proxy 127\.0\.0\.1:1 \(HTTPS_PROXY\) does not answer/);
    const [unusable] = await look({ HTTPS_PROXY: 'socks5://me:pa%40ss-1@127.0.0.1:1' });
    assert.match(unusable ?? '', /^fail: HTTPS_PROXY names a proxy of the kind socks5/);
    const [past] = await look({ HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.1' });
    assert.equal(past, 'ok: the App 1000, installed on acme');
    const [untrusted] = await look({ SSL_CERT_FILE: '' });
    assert.match(untrusted ?? '', /^fail: .*certificate of 127\S+ is not trusted .* SSL_CERT_FILE/);
  });
});

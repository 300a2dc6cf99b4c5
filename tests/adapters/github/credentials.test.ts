import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { createAppTokens } from '../../../src/adapters/github/app-tokens.js';
import { createGithubCredentials } from '../../../src/adapters/github/credentials.js';
import { gitOriginOf } from '../../../src/adapters/github/repository-name.js';
import { type ErrorCode, isCode } from '../../../src/domain/errors.js';
import { createSampleRemote } from '../../support/git-repository.js';
import { startGitHub } from '../../support/github/github.js';
import { tempDir } from '../../support/temp-dir.js';

const FIVE_MINUTES_MS = 5 * 60_000;
const failsWith = (code: ErrorCode, words: RegExp) => (error: unknown) =>
  isCode(error, code) && words.test(String(error));

/** A GitHub with `acme/shop`, and `acme/other` where an App that is installed on the shop alone is not. */
async function openScene(t: TestContext) {
  const folder = await tempDir(t);
  const github = await startGitHub();
  t.after(() => github.close());
  for (const name of ['shop', 'other'])
    github.addRepository(`acme/${name}`, createSampleRemote(folder, name, { 'a.txt': 'one\n' }));
  const app = github.addApp('agenticore');
  const installation = app.install('acme', { repositories: ['acme/shop'] });
  const { apiUrl, requests, url } = github;
  const learned: string[] = [];
  const tokens = (more: { privateKey?: string; installationId?: number; apiUrl?: string } = {}) =>
    createAppTokens({
      ...{ apiUrl, appId: app.id, privateKey: app.privateKey, now: Date.now, ...more },
      onToken: (token) => void learned.push(token),
    });
  return {
    github,
    installation,
    tokens,
    learned,
    shop: `${url}/acme/shop.git`,
    other: `${url}/acme/other`,
    as: (who: Omit<Parameters<typeof createGithubCredentials>[0], 'apiUrl'>) =>
      createGithubCredentials({ apiUrl, ...who }),
    asked: () => requests.filter(({ line }) => line.startsWith('POST')).length,
  };
}

describe('who we are to GitHub', () => {
  it('is a matter of its git host alone', async () => {
    assert.equal(gitOriginOf('https://api.github.com'), 'https://github.com');
    assert.equal(gitOriginOf('https://ghe.example:8443/api/v3'), 'https://ghe.example:8443');
    assert.equal(gitOriginOf('https://api.tenant.ghe.com/'), 'https://tenant.ghe.com');
    const credentials = createGithubCredentials({ apiUrl: 'https://api.github.com', token: 'ghp_x' });
    const known = { username: 'x-access-token', password: 'ghp_x' };
    assert.deepEqual(await credentials.forRepository('https://github.com/o/r.git'), known);
    assert.deepEqual(await credentials.forRepository('https://GitHub.com:443/o/r/'), known);
    for (const other of [
      'http://github.com/o/r',
      'https://github.com:8443/o/r',
      'https://github.com.evil.example/o/r',
      'https://api.github.com/o/r',
      'https://gitlab.com/o/r',
      'https://github.com/o',
      'git@github.com:o/r.git',
    ])
      assert.equal(await credentials.forRepository(other), undefined, other);
    assert.equal(credentials.refused('https://github.com/o/r', known), false, 'there is no other');
    const nobody = createGithubCredentials({ apiUrl: 'https://api.github.com' });
    assert.equal(await nobody.forRepository('https://github.com/o/r.git'), undefined);
  });

  it('is, for an App, a token of the one repository that many ask for and one request gets', async (t) => {
    const { as, tokens, shop, other, learned, asked, github } = await openScene(t);
    const credentials = as({ app: tokens() });
    const many = await Promise.all(Array.from({ length: 20 }, () => credentials.forRepository(shop)));
    const [token = '', ...others] = new Set(many.map((one) => one?.password));
    assert.deepEqual([others, asked(), learned], [[], 1, [token]]);
    assert.deepEqual(github.world.tokens.get(token)?.repositories, ['acme/shop']);
    await assert.rejects(
      credentials.forRepository(other),
      failsWith('CODE_HOST_AUTH_FAILED', /not installed on acme\/other/),
    );
  });

  it('is another token when the last one has less than five minutes left', async (t) => {
    const { as, tokens, shop, github, asked } = await openScene(t);
    const credentials = as({ app: tokens() });
    github.world.tokenLifeMs = FIVE_MINUTES_MS;
    await credentials.forRepository(shop);
    github.world.tokenLifeMs = 2 * FIVE_MINUTES_MS;
    const lasting = await credentials.forRepository(shop);
    assert.deepEqual(await credentials.forRepository(shop), lasting);
    assert.equal(asked(), 2);
  });

  it('is another token when the host did not accept the last one', async (t) => {
    const { as, tokens, shop, installation } = await openScene(t);
    const credentials = as({ app: tokens({ installationId: installation.id }), token: 'ghp_x' });
    const first = await credentials.forRepository(shop);
    assert.ok(first);
    assert.equal(credentials.refused(shop, first), true);
    const second = await credentials.forRepository(shop);
    assert.notEqual(second?.password, first.password);
    assert.equal(credentials.refused(shop, first), true, 'told late, by another job');
    assert.deepEqual(await credentials.forRepository(shop), second);
  });

  it('is the token where the App is not installed', async (t) => {
    const { as, tokens, other, installation } = await openScene(t);
    for (const which of [{}, { installationId: installation.id }]) {
      const both = as({ app: tokens(which), token: 'ghp_x' });
      assert.equal((await both.forRepository(other))?.password, 'ghp_x');
      assert.equal(both.refused(other, { username: '', password: 'ghp_x' }), false);
    }
  });

  it('fails with the reason for which GitHub does not take the App, or gives no answer', async (t) => {
    const { as, tokens, shop, installation, github } = await openScene(t);
    const asking = (more: Parameters<typeof tokens>[0]) => as({ app: tokens(more) }).forRepository(shop);
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    await assert.rejects(
      asking({ privateKey }),
      failsWith('CODE_HOST_AUTH_FAILED', /does not accept the key of the App \d+: A JSON web token/),
    );
    await assert.rejects(
      asking({ installationId: 99 }),
      failsWith('CODE_HOST_AUTH_FAILED', /GITHUB_APP_INSTALLATION_ID/),
    );
    installation.suspended = true;
    await assert.rejects(asking({}), failsWith('CODE_HOST_AUTH_FAILED', /has been suspended/));
    installation.suspended = false;
    github.fail(/access_tokens/, { status: 502, body: { message: 'Bad Gateway' } });
    assert.ok(await asking({}), 'a hiccup is passed over');
    const page = { status: 200, body: 'Sign in', headers: { 'content-type': 'text/html' } };
    github.fail(/\/installation$/, page);
    await assert.rejects(asking({}), failsWith('CODE_HOST_REFUSED', /GITHUB_API_URL is not GitHub's API/));
    await assert.rejects(
      asking({ apiUrl: 'http://127.0.0.1:1' }),
      failsWith('CODE_HOST_UNREACHABLE', /GitHub gave no token/),
    );
  });
});

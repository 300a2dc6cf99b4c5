// The GitHub of the tests itself: what the adapters are tested against must refuse what GitHub refuses.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/rest';
import { createSampleRemote, GIT_ENV, gitIn, type SampleRemote } from '../../support/git-repository.js';
import { type GitHub, PROTECTED, startGitHub } from '../../support/github/github.js';
import { tempDir } from '../../support/temp-dir.js';

interface Scene {
  readonly github: GitHub;
  readonly folder: string;
  readonly remote: SampleRemote;
}

async function openScene(t: TestContext): Promise<Scene> {
  const folder = await tempDir(t);
  const github = await startGitHub();
  t.after(() => github.close());
  const remote = createSampleRemote(folder, 'shop', { 'a.txt': 'one\n' });
  github.addRepository('acme/shop', remote);
  return { github, folder, remote };
}

const shop = { owner: 'acme', repo: 'shop' };
const octokitOf = ({ github }: Scene, auth: string): Octokit =>
  new Octokit({ auth, baseUrl: github.apiUrl, log: { debug() {}, info() {}, warn() {}, error() {} } });

/** Pushes a new commit to a branch; what git said. The server is in this process: nothing may wait for git. */
async function push(
  { github, folder }: Scene,
  token: string,
  branch: string,
  file = 'b.txt',
): Promise<string> {
  const clone = join(folder, `clone-${branch.replaceAll('/', '-')}-${token.slice(-6)}`);
  const address = `${github.url.replace('://', `://x-access-token:${token}@`)}/acme/shop.git`;
  const cloned = await git(folder, 'clone', '-q', address, clone);
  if (cloned !== '') return cloned;
  await mkdir(dirname(join(clone, file)), { recursive: true });
  await writeFile(join(clone, file), 'two\n');
  gitIn(clone, 'checkout', '-q', '-b', branch);
  gitIn(clone, 'add', '-A');
  gitIn(clone, 'commit', '-q', '-m', 'Add a file');
  return git(clone, 'push', 'origin', branch);
}

const git = (cwd: string, ...args: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    execFile('git', args, { cwd, env: GIT_ENV }, (_error, _out, err) => resolve(err));
  });

describe('the GitHub of the tests', () => {
  it('takes a branch from a token and opens one pull request of it', async (t) => {
    const scene = await openScene(t);
    const token = scene.github.addToken('octo-bot');
    assert.match(await push(scene, token, 'work'), /new branch/);
    const { rest } = octokitOf(scene, token);
    const order = { ...shop, head: 'work', base: 'main', title: 'Work', body: 'Done.' };
    const { data } = await rest.pulls.create(order);
    assert.equal(data.html_url, `${scene.github.url}/acme/shop/pull/1`);
    await assert.rejects(rest.pulls.create(order), /A pull request already exists for acme:work/);
    const { data: found } = await rest.pulls.list({ ...shop, head: 'acme:work', state: 'open' });
    assert.deepEqual(
      found.map(({ number }) => number),
      [1],
    );
  });

  it('hands an app that signs well a token for its installations, and no other', async (t) => {
    const scene = await openScene(t);
    const app = scene.github.addApp('agenticore');
    const { id } = app.install('acme');
    const authOf = (privateKey: string) =>
      new Octokit({
        authStrategy: createAppAuth,
        auth: { appId: app.id, privateKey },
        baseUrl: scene.github.apiUrl,
        log: { debug() {}, info() {}, warn() {}, error() {} },
      });
    const octokit = authOf(app.privateKey);
    const { data: installation } = await octokit.rest.apps.getRepoInstallation(shop);
    assert.equal(installation.id, id);
    const { data } = await octokit.rest.apps.createInstallationAccessToken({ installation_id: id });
    assert.match(await push(scene, data.token, 'work'), /new branch/);
    assert.match(
      await push(scene, data.token, 'ci', '.github/workflows/ci.yml'),
      /without `workflows` permission/,
    );
    const stranger = scene.github.addApp('stranger');
    await assert.rejects(
      authOf(stranger.privateKey).rest.apps.listInstallations(),
      /JSON web token could not be decoded/,
    );
  });

  it('refuses whoever may not, in the words of GitHub', async (t) => {
    const scene = await openScene(t);
    const { github } = scene;
    const reader = github.addToken('reader', { permissions: { contents: 'read' } });
    assert.match(
      await push(scene, reader, 'work'),
      /Permission to acme\/shop.git denied to reader[\s\S]*error: 403/,
    );
    await assert.rejects(octokitOf(scene, reader).rest.pulls.list(shop), /Resource not accessible/);
    const other = github.addToken('other', { repositories: ['acme/else'] });
    assert.match(await push(scene, other, 'work'), /Repository not found/);
    await assert.rejects(octokitOf(scene, other).rest.pulls.list(shop), /Not Found/);
    assert.match(await push(scene, 'ghp_wrong', 'work'), /Authentication failed/);
    github.rules('acme/shop', { 'release/*': PROTECTED });
    assert.match(
      await push(scene, github.addToken('writer'), 'release/1'),
      /GH006: Protected branch[\s\S]*rejected/,
    );
  });

  it('notices what GitHub does not describe', async (t) => {
    const github = await startGitHub();
    t.after(() => assert.rejects(github.close(), /body titel is not described/));
    github.addRepository('acme/shop', createSampleRemote(await tempDir(t), 'shop', { 'a.txt': 'one\n' }));
    const response = await fetch(`${github.apiUrl}/repos/acme/shop/pulls`, {
      method: 'POST',
      headers: { authorization: `Bearer ${github.addToken('octo-bot')}` },
      body: JSON.stringify({ titel: 'Work', head: 'main', base: 'main' }),
    });
    assert.equal(response.status, 422);
  });

  it('stops a request before it is carried out, or with its answer ready', async (t) => {
    const scene = await openScene(t);
    const { github, remote } = scene;
    remote.commit({ 'b.txt': 'two\n' }, { branch: 'work', from: 'main' });
    const { rest } = octokitOf(scene, github.addToken('octo-bot'));
    const pulls = github.world.repositories.get('acme/shop')?.pulls ?? assert.fail();
    const order = { ...shop, head: 'work', base: 'main', title: 'Work' };
    for (const [when, expected] of [
      ['before', 0],
      ['after', 1],
    ] as const) {
      pulls.length = 0;
      const hold = github.hold(/^POST .*\/pulls/, when);
      const opened = rest.pulls.create(order);
      await hold.reached;
      assert.equal(pulls.length, expected);
      hold.release();
      assert.equal((await opened).status, 201);
    }
  });
});

// Git as who we are to GitHub: the git adapter with the credentials of this one, on the GitHub of the tests.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createAppTokens } from '../../../src/adapters/github/app-tokens.js';
import { createGithubCredentials } from '../../../src/adapters/github/credentials.js';
import { type ErrorCode, isCode } from '../../../src/domain/errors.js';
import type { Credentials } from '../../../src/ports/credentials.js';
import type { Workspace } from '../../../src/ports/workspace.js';
import { createSampleRemote } from '../../support/git-repository.js';
import { type GitHub, PROTECTED, startGitHub } from '../../support/github/github.js';
import { tempDir } from '../../support/temp-dir.js';
import { branchOf, JOB, NEVER, openRoom } from '../git/bench-room.js';

const failsWith = (code: ErrorCode, words: RegExp) => (error: unknown) =>
  isCode(error, code) && words.test(String(error));

async function openScene(t: TestContext, credentialsFor: (github: GitHub) => Credentials) {
  const github = await startGitHub();
  t.after(() => github.close());
  const remote = createSampleRemote(await tempDir(t), 'shop', { 'a.txt': 'one\n' });
  github.addRepository('acme/shop', remote);
  const credentials = credentialsFor(github);
  const access = { allowedProtocols: ['http'], allowedHosts: [github.host], credentials } as const;
  const room = await openRoom(t, access);
  return { github, remote, open: () => room.open({ repoUrl: `${github.url}/acme/shop` }) };
}

async function commit(bench: Workspace, file = 'b.txt'): Promise<string | undefined> {
  await mkdir(dirname(join(bench.path, file)), { recursive: true });
  await writeFile(join(bench.path, file), 'two\n');
  return (await bench.commit('Add a file', NEVER)).oid;
}

const asApp = (github: GitHub): Credentials => {
  const { id: appId, privateKey, install } = github.addApp('agenticore');
  install('acme');
  const { apiUrl } = github;
  const app = createAppTokens({ apiUrl, appId, privateKey, now: Date.now, onToken: () => {} });
  return createGithubCredentials({ apiUrl, app });
};

describe('git, as who we are to GitHub', () => {
  it('pushes as an App, also when the token that fetched is no longer accepted', async (t) => {
    const { github, remote, open } = await openScene(t, asApp);
    const bench = await open();
    const oid = await commit(bench);
    const [first = ''] = github.world.tokens.keys();
    github.revoke(first);
    await bench.push(NEVER);
    assert.equal(remote.tip(branchOf(JOB)), oid);
    assert.equal(github.world.tokens.size, 1, 'one other token was made');
    await bench.close();
  });

  it('says what a push lacks', async (t) => {
    const { github, open } = await openScene(t, asApp);
    const bench = await open();
    await commit(bench, '.github/workflows/ci.yml');
    await assert.rejects(bench.push(NEVER), failsWith('PUSH_REFUSED', /"Workflows: read and write"/));
    github.rules('acme/shop', { '*': PROTECTED });
    await assert.rejects(bench.push(NEVER), failsWith('PUSH_REFUSED', /leave `agenticore-\*` out/));
    await bench.close();
  });

  it('says what a token lacks, for reading and for writing', async (t) => {
    const credentials = (github: GitHub, permissions: object): Credentials => {
      const token = github.addToken('octo-bot', { permissions });
      return createGithubCredentials({ apiUrl: github.apiUrl, token });
    };
    const reader = await openScene(t, (github) => credentials(github, { contents: 'read' }));
    const bench = await reader.open();
    await commit(bench);
    await assert.rejects(
      bench.push(NEVER),
      failsWith('REPOSITORY_AUTH_FAILED', /"Contents: read and write"/),
    );
    await bench.close();
    const stranger = await openScene(t, (github) => credentials(github, {}));
    await assert.rejects(stranger.open(), failsWith('REPOSITORY_NOT_FOUND', /may not see it/));
  });
});

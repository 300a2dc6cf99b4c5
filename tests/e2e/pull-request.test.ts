// Jobs on a GitHub over http, as a token and as an App. The server is killed at each step of the delivery, and every
// time there is one branch, at the commit of the ledger, and one pull request.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.js';
import { createSampleRemote, type SampleRemote } from '../support/git-repository.js';
import { type GitHub, type Hold, primaryLimit, startGitHub } from '../support/github/github.js';
import type { Repository } from '../support/github/world.js';
import { tempDir } from '../support/temp-dir.js';
import { assertEvidence, processesBelow } from './evidence.js';
import { type Fleet, startFleet } from './fleet.js';
import { DOOR, type JobJson } from './surrounded-server.js';

interface Scene {
  readonly github: GitHub;
  readonly fleet: Fleet;
  readonly remote: SampleRemote;
  readonly shop: Repository;
  /** Claude works on until it is there. */
  readonly goAhead: string;
  readonly request: Readonly<Record<string, unknown>>;
  close(): Promise<void>;
}

const TEAM = `extends: code
pull_request:
  draft: true
  labels: [bot]
  assignees: [ada]
`;

/** A server that is `who` to a GitHub, with a claude that writes a file and ends when it may. */
async function openScene(who: (github: GitHub) => Readonly<Record<string, string>>): Promise<Scene> {
  const folder = await tempDir();
  const github = await startGitHub();
  const remote = createSampleRemote(folder, 'shop', {
    'a.txt': 'one\n',
    '.github/PULL_REQUEST_TEMPLATE.md': '# What and why\n',
  });
  const shop = github.addRepository('acme/shop', remote, { collaborators: ['ada'] });
  const claude = join(folder, 'claude');
  const standIn = fileURLToPath(new URL('../support/patient-claude.js', import.meta.url));
  writeFileSync(claude, `#!/bin/sh\nexec ${process.execPath} ${standIn} "$@"\n`);
  chmodSync(claude, 0o755);
  mkdirSync(join(folder, 'profiles', 'team'), { recursive: true });
  writeFileSync(join(folder, 'profiles', 'team', 'profile.yml'), TEAM);
  const goAhead = join(folder, 'go-ahead');
  const fleet = await startFleet('file', [], {
    AGENTICORE_CLAUDE_BINARY: claude,
    AGENTICORE_ALLOWED_GIT_PROTOCOLS: 'http',
    AGENTICORE_ALLOWED_REPO_HOSTS: github.host,
    AGENTICORE_PROFILES_DIR: join(folder, 'profiles'),
    GITHUB_API_URL: github.apiUrl,
    ...who(github),
  });
  const task = `write answer.txt and wait for ${goAhead} please\nFixes #12`;
  return {
    ...{ github, fleet, remote, shop, goAhead },
    request: { task, repo_url: `${github.url}/acme/shop.git`, profile: 'team' },
    async close() {
      await fleet.close();
      await github.close();
    },
  };
}

/** The branches of jobs on the remote. */
const branchesOf = ({ remote }: Scene): readonly string[] =>
  remote
    .git('for-each-ref', '--format=%(refname:short)', 'refs/heads/agenticore-*')
    .split('\n')
    .filter((name) => name !== '');

function assertDelivered({ remote, shop, github }: Scene, job: JobJson): void {
  const about = JSON.stringify(job);
  assert.equal(job.status, 'succeeded', about);
  assert.equal(job.pr_error, undefined, about);
  const pulls = shop.pulls.filter(({ head }) => head === job.branch);
  assert.equal(pulls.length, 1, about);
  assert.equal(job.pr_url, `${github.url}/acme/shop/pull/${pulls[0]?.number}`);
  assert.equal(remote.tip(`refs/heads/${job.branch}`), job.commit, about);
  assert.equal(remote.git('rev-list', '--count', `main..${job.branch}`), '1', about);
}

/** The paths of the files below `folder` that hold `secret`. */
const filesWith = (folder: string, secret: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter(
      (path) => statSync(path, { throwIfNoEntry: false })?.isFile() && readFileSync(path).includes(secret),
    );

describe('a job on a GitHub whose server is killed', { concurrency: 1 }, () => {
  let scene: Scene;
  let token = '';
  before(async () => {
    scene = await openScene((github) => {
      token = github.addToken('octo-bot');
      return { GITHUB_TOKEN: token };
    });
    writeFileSync(scene.goAhead, '');
  });
  after(() => scene.close());

  const holds: Readonly<Record<string, readonly [RegExp, 'before' | 'after']>> = {
    'before the push': [/^POST .*\/git-receive-pack/, 'before'],
    'after the push': [/^POST .*\/git-receive-pack/, 'after'],
    'before the pull request is looked for': [/^GET .*\/pulls/, 'before'],
    'after the pull request is opened': [/^POST .*\/pulls$/, 'after'],
    'before it is complete': [/^POST .*\/assignees$/, 'before'],
  };
  for (const [moment, held] of Object.entries(holds))
    it(`${moment}: one branch, one pull request`, async () => {
      const hold = scene.github.hold(...held);
      const { id } = await scene.fleet.submit(scene.request);
      await hold.reached;
      await killAndFinish(scene, id, hold);
    });

  it('while claude works: one branch, one pull request', async () => {
    const { fleet, request, goAhead } = scene;
    const waiting = `${goAhead}-later`;
    const { id } = await fleet.submit({
      ...request,
      task: `write answer.txt and wait for ${waiting} please`,
    });
    await eventually('claude has written', async () => {
      const { worktree_path: path } = await fleet.job(id);
      return existsSync(join(String(path), 'answer.txt'));
    });
    writeFileSync(waiting, '');
    await killAndFinish(scene, id);
  });

  it('before it acknowledges: one branch, one pull request', async () => {
    const { fleet, request } = scene;
    const { id } = await fleet.submit(request);
    await eventually(
      'the pull request is in the ledger',
      async () => (await fleet.job(id)).pr_url !== undefined,
    );
    await killAndFinish(scene, id);
  });

  it('leaves its token nowhere', async () => {
    const { fleet, remote, shop } = scene;
    assert.deepEqual(filesWith(fleet.folder, token), []);
    assert.deepEqual(filesWith(remote.path, token), []);
    for (const branch of branchesOf(scene))
      assert.doesNotMatch(remote.show(branch, 'answer.txt'), /GITHUB/, 'claude was not given it');
    const [pull] = shop.pulls;
    assert.deepEqual([pull?.draft, pull?.labels, pull?.assignees], [true, ['bot'], ['ada']]);
    assert.match(pull?.body ?? '', /^# What and why\n\n## Asked[\s\S]*It may go on\.[\s\S]*\n\nFixes #12$/);
  });
});

async function killAndFinish(scene: Scene, id: string, hold?: Hold): Promise<void> {
  const { fleet } = scene;
  fleet.kill();
  await fleet.restart();
  const job = await fleet.ended(id);
  hold?.release();
  await eventually('nothing goes on', () => processesBelow(fleet.folder).length === 0);
  assertDelivered(scene, job);
  await assertEvidence(fleet, id);
}

describe('a job on a GitHub that limits us', () => {
  it('ends with pr_error and exit code 3; retried, it opens the pull request of what was pushed, as the App', async () => {
    const scene = await openScene((github) => {
      const app = github.addApp('agenticore');
      app.install('acme');
      const key = Buffer.from(app.privateKey).toString('base64');
      return { GITHUB_APP_ID: String(app.id), GITHUB_APP_PRIVATE_KEY_BASE64: key };
    });
    try {
      writeFileSync(scene.goAhead, '');
      const { fleet, github, request } = scene;
      github.fail(/^GET .*\/pulls/, primaryLimit(3000));
      const words = ['run', String(request.task), '--repo', String(request.repo_url), '--profile', 'team'];
      const first = await type(fleet, ...words, '--wait', '--json');
      assert.equal(first.code, 3, first.out + first.err);
      const { id, branch, commit, pr_error } = JSON.parse(first.out);
      assert.match(pr_error, /limits our requests until/);
      const pushes = (): number =>
        github.requests.filter(({ line }) => /^POST .*receive-pack/.test(line)).length;
      assert.equal(pushes(), 1);

      const second = await type(fleet, 'retry', id, '--follow');
      assert.equal(second.code, 0, second.out + second.err);
      const { jobs } = JSON.parse(await (await fetch(`${fleet.url}/jobs`)).text());
      const again: JobJson = jobs.find((job: JobJson) => job.retry_of === id);
      assert.deepEqual([again.branch, again.commit, pushes()], [branch, commit, 1]);
      assertDelivered(scene, again);
      const types = (await fleet.ledger(again.id)).map((record) => record.type);
      assert.ok(!types.includes('ClaudeStarted'), types.join(' '));
      assert.match(scene.shop.pulls[0]?.body ?? '', new RegExp(`It may go on\\.[\\s\\S]*Job \`${id}\``));
    } finally {
      await scene.close();
    }
  });
});

/** Runs the command line against the fleet's server. */
const type = (
  { url, folder }: Fleet,
  ...words: readonly string[]
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> =>
  new Promise((resolve) => {
    const env = { PATH: process.env.PATH, HOME: folder, AGENTICORE_URL: url };
    const child = execFile(process.execPath, [DOOR, ...words], { env }, (_error, out, err) =>
      resolve({ code: child.exitCode, out, err }),
    );
  });

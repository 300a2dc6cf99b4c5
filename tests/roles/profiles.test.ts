// Profiles through the program itself: broken ones wherever people meet them, and those of a git repository.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startServer } from '../../scripts/quickstart/start-server.js';
import { openCredentials } from '../../src/roles/open-credentials.js';
import { openProfiles } from '../../src/roles/open-profiles.js';
import { loadConfig } from '../../src/runtime/config/load-config.js';
import type { Finding } from '../../src/surfaces/cli/cli-context.js';
import { writeFiles } from '../adapters/profile-files/profile-kit.js';
import { createSampleRemote } from '../support/git-repository.js';
import { tempDir } from '../support/temp-dir.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const never = (): AbortSignal => new AbortController().signal;

/** What is in it, and what is said of it everywhere. */
const BROKEN: Readonly<Record<string, readonly [Readonly<Record<string, string>>, RegExp]>> = {
  'bad-yaml': [{ 'profile.yml': 'claude: {' }, /profile\.yml:1 is not valid YAML/],
  'unknown-key': [
    { 'profile.yml': 'auto_pr: true\nverifi: [x]\n' },
    /profile\.yml:2: verifi is not known; did you mean verify\?/,
  ],
  'wrong-type': [{ 'profile.yml': 'verify: npm test\n' }, /profile\.yml:1: verify must be a list/],
  'out-of-range': [
    { 'profile.yml': 'verify_attempts: -1' },
    /verify_attempts must be an integer from 0 to 100/,
  ],
  'our-flag': [{ 'profile.yml': 'claude: { resume: x }' }, /claude\.resume is not allowed/],
  'circle-a': [{ 'profile.yml': 'extends: circle-b' }, /extends itself: circle-a -> circle-b -> circle-a/],
  'circle-b': [{ 'profile.yml': 'extends: circle-a' }, /extends itself: circle-b -> circle-a -> circle-b/],
  orphan: [{ 'profile.yml': 'extends: ghost' }, /extends ghost, which does not exist; known: .*code/],
  unreadable: [{ 'profile.yml/x': '' }, /profile\.yml must be a file/],
  'torn-servers': [{ 'profile.yml': '', '.mcp.json': '{' }, /\.mcp\.json.* is not valid JSON/],
  'wrong-settings': [{ 'profile.yml': '', '.claude/settings.json': '[]' }, /settings\.json must be a map/],
  'other-name': [{ 'profile.yml': 'name: another' }, /says that its name is "another"/],
};

interface Answer {
  readonly profiles: readonly { readonly name: string; readonly error?: string }[];
  readonly healthy: boolean;
  readonly broken: readonly { readonly name: string; readonly error: string }[];
  readonly code: string;
  readonly error: string;
  readonly job: { readonly id: string };
}

const filesOf = (profiles: typeof BROKEN) =>
  Object.fromEntries(
    Object.entries(profiles).flatMap(([name, [files]]) =>
      Object.entries(files).map(([path, text]) => [`${name}/${path}`, text]),
    ),
  );

async function doctor(env: Record<string, string>): Promise<readonly Finding[]> {
  const text = await new Promise<string>((resolve) => {
    execFile(process.execPath, [MAIN, 'doctor', '--json'], { env }, (_error, out) => resolve(out));
  });
  return JSON.parse(text).findings;
}

it('twelve broken profiles are each named with their fault by doctor, in the list and at use; the others work', async (t) => {
  const folder = await tempDir(); // there until the server has left
  await mkdir(join(folder, 'home'), { recursive: true });
  await writeFiles(join(folder, 'home/profiles'), {
    ...filesOf(BROKEN),
    'good/profile.yml': 'extends: code',
  });
  const server = await startServer(MAIN, folder, {
    ANTHROPIC_API_KEY: 'sk-ant-x',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
  });
  t.after(() => server.stop());
  const get = async (path: string): Promise<Answer> =>
    (await fetch(`${server.url}${path}`)).json() as Promise<Answer>;
  const use = async (profile: string): Promise<readonly [number, Answer]> => {
    const body = JSON.stringify({ task: 'x', profile });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${server.url}/jobs`, { method: 'POST', headers, body });
    return [response.status, (await response.json()) as Answer];
  };
  const { profiles } = await get('/profiles');
  const health = await get('/profiles/health');
  const findings = await doctor({
    PATH: process.env.PATH ?? '',
    HOME: folder,
    AGENTICORE_HOME: join(folder, 'home'),
    ANTHROPIC_API_KEY: 'sk-ant-x',
  });
  assert.equal(Object.keys(BROKEN).length, 12);
  for (const [name, [, said]] of Object.entries(BROKEN)) {
    assert.match(profiles.find((one) => one.name === name)?.error ?? '', said);
    assert.match(health.broken.find((one) => one.name === name)?.error ?? '', said);
    assert.match(findings.find((one) => one.name === `profile ${name}`)?.fact ?? '', said);
    const [status, refusal] = await use(name);
    assert.deepEqual([status, refusal.code], [400, 'AGENTICORE_BROKEN_PROFILE'], name);
    assert.match(refusal.error, said);
  }
  assert.deepEqual([health.healthy, health.broken.length], [false, 12]);
  const [status, { job }] = await use('good');
  assert.equal(status, 202);
  await fetch(`${server.url}/jobs/${job.id}`, { method: 'DELETE' }); // there is no model that would answer it
  const usable = profiles.filter(({ error }) => error === undefined);
  assert.deepEqual(
    usable.map(({ name }) => name),
    ['code', 'good', 'plan', 'review'],
  );
});

describe('the profiles of a git repository', () => {
  async function installation(t: TestContext, files: Record<string, string>) {
    const home = await tempDir(t);
    const remote = createSampleRemote(home, 'team', files);
    const facts: (readonly [string, unknown])[] = [];
    const base = { PATH: process.env.PATH ?? '', HOME: home, AGENTICORE_HOME: join(home, 'agenticore') };
    const open = (env: Record<string, string> = {}) => {
      const { config } = loadConfig({ env: { ...base, AGENTICORE_PROFILES_REPO_URL: remote.url, ...env } });
      return openProfiles(config, openCredentials(config), (fact, fields) => facts.push([fact, fields]));
    };
    return { home, remote, facts, open };
  }

  it('count over the bundled and under those of this installation, and are swapped when it changes', async (t) => {
    const { home, remote, open } = await installation(t, {
      'profiles/code/profile.yml': 'description: of the team',
      'profiles/team/profile.yml': 'extends: code\nclaude: { max_turns: 5 }',
      'profiles/mine/profile.yml': 'description: of the team',
      'docs/readme.md': 'no profile',
    });
    await writeFiles(join(home, 'agenticore/profiles'), { 'mine/profile.yml': 'description: mine' });
    const profiles = open();
    await assert.rejects(profiles.load('team'), { code: 'UNKNOWN_PROFILE' });
    await profiles.sync(never());
    const described = async () =>
      (await profiles.list()).map(({ name, description }) => [name, description]).slice(0, 3);
    assert.deepEqual(await described(), [
      ['code', 'of the team'],
      ['mine', 'mine'],
      ['plan', 'Reads code and answers with a plan. Changes nothing.'],
    ]);
    assert.equal((await profiles.load('team')).claude.max_turns, 5);
    remote.commit({ 'profiles/team/profile.yml': 'extends: code\nclaude: { max_turns: 6 }' });
    await profiles.sync(never());
    assert.equal((await profiles.load('team')).claude.max_turns, 6);
    assert.equal((await profiles.repository())?.revision, remote.tip('main'));
  });

  it('stay as they were fetched last while it cannot be fetched, after a restart too, and that is told', async (t) => {
    const { home, remote, facts, open } = await installation(t, { 'team/profile.yml': 'description: good' });
    await open().sync(never());
    const revision = remote.tip('main') ?? '';
    remote.commit({ 'team/profile.yml': null, 'README.md': 'all gone' });
    const profiles = open();
    await profiles.sync(never());
    await profiles.sync(never());
    assert.equal((await profiles.load('team')).description, 'good');
    const standing = await profiles.repository();
    assert.equal(standing?.revision, revision);
    assert.match(standing?.error ?? '', /has no profiles/);
    assert.equal(facts.filter(([fact]) => fact === 'profiles.fetch_failed').length, 1, 'said once');
    const [finding] = (
      await doctor({
        PATH: process.env.PATH ?? '',
        HOME: home,
        AGENTICORE_HOME: join(home, 'agenticore'),
        AGENTICORE_PROFILES_REPO_URL: remote.url,
      })
    ).filter(({ name }) => name === 'profile repository');
    assert.deepEqual(finding?.level, 'warn');
    assert.match(finding?.fact ?? '', new RegExp(`at ${revision.slice(0, 12)}; .*has no profiles`));
    remote.commit({ 'team/profile.yml': 'description: better' });
    await profiles.sync(never());
    assert.equal((await profiles.load('team')).description, 'better');
    assert.equal((await profiles.repository())?.error, undefined);
    const elsewhere = open({ AGENTICORE_PROFILES_REPO_URL: 'file:///nowhere.git' });
    await assert.rejects(elsewhere.load('team'), { code: 'UNKNOWN_PROFILE' }, 'not what somebody asked for');
  });
});

// The package of an agent through the program itself: from variables to what is served, listed and validated.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Log } from '../../src/ports/log.js';
import { openCredentials } from '../../src/roles/open-credentials.js';
import { openPackage } from '../../src/roles/open-package.js';
import { loadConfig } from '../../src/runtime/config/load-config.js';
import { createLogger } from '../../src/runtime/log.js';
import { createRedactor } from '../../src/runtime/redact.js';
import { writeFiles } from '../adapters/profile-files/profile-kit.js';
import { createSampleRemote } from '../support/git-repository.js';
import { tempDir } from '../support/temp-dir.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

async function machine(t: TestContext) {
  const home = await tempDir(t);
  const base = { PATH: process.env.PATH ?? '', HOME: home, AGENTICORE_HOME: join(home, 'agenticore') };
  return {
    home,
    open: (env: Record<string, string>, facts: unknown[] = []) => {
      const { config } = loadConfig({ env: { ...base, ...env } });
      const log: Log = (fact, fields) => void facts.push([fact, fields]);
      const credentials = openCredentials(config);
      return openPackage({ config, credentials, log }, new AbortController().signal);
    },
    /** Runs the program with these words. */
    run: (words: readonly string[], env: Record<string, string> = {}) =>
      new Promise<{ code: number; out: string; err: string }>((resolve) => {
        execFile(process.execPath, [MAIN, ...words], { env: { ...base, ...env } }, (error, out, err) =>
          resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
        );
      }),
  };
}

const HUB = {
  'agents/support/package/agent.yml': 'name: support\ndescription: Helps customers.\n',
  'agents/support/package/CLAUDE.md': '# Support',
  'agents/odd/package/profile.yml': 'claud: {}\n',
  'aliases.yaml': 'help: support\n',
};

describe('the package of this process', () => {
  it('is the bundled assistant where nothing else is named', async (t) => {
    const { home, open } = await machine(t);
    const store = await open({ AGENT_MODE: 'true' });
    const agent = store.current();
    assert.deepEqual([agent.name, agent.model, agent.mcpServers], ['assistant', 'sonnet', []]);
    assert.ok(agent.cwd.startsWith(join(home, 'agenticore/agents/assistant', agent.version)));
    assert.match(agent.systemPrompt.text, /^You are an assistant/);
    assert.equal(await store.mcpConfig(agent, []), undefined);
    await access(join(agent.cwd, 'system.md'));
  });

  it('lies on the shared disk where there is one, and obeys the configuration', async (t) => {
    const { home, open } = await machine(t);
    await writeFiles(join(home, 'mine'), { 'CLAUDE.md': 'x' });
    const shared = join(home, 'shared');
    const store = await open({
      AGENT_MODE_PACKAGE_DIR: join(home, 'mine'),
      AGENTICORE_SHARED_FS_ROOT: shared,
      AGENT_MODE_MODEL: 'opus',
      AGENT_MODE_MAX_TURNS: '4',
      AGENT_MODE_PERMISSION_MODE: 'dontAsk',
    });
    const { name, model, flags, jobDir } = store.current();
    assert.deepEqual([name, model], ['mine', 'opus']);
    assert.deepEqual(flags, { 'max-turns': 4, 'permission-mode': 'dontAsk' });
    assert.ok(jobDir.startsWith(join(shared, 'agents/mine/')));
  });

  it('comes from a hub by an alias, and is replaced by a newer commit of it', async (t) => {
    const { home, open } = await machine(t);
    const hub = createSampleRemote(home, 'hub', HUB);
    const store = await open({ AGENTICORE_AGENTIHUB_URL: hub.url, AGENTIHUB_AGENT: 'help' });
    const old = store.current();
    assert.deepEqual([old.name, old.description], ['support', 'Helps customers.']);
    hub.commit({ 'README.md': 'of no concern to the agent' });
    assert.equal(await store.sync(new AbortController().signal), false);
    hub.commit({ 'agents/support/package/CLAUDE.md': '# Better support' });
    assert.equal(await store.sync(new AbortController().signal), true);
    assert.match(store.current().systemPrompt.text, /# Better support/);
    assert.equal(await readFile(join(old.cwd, 'CLAUDE.md'), 'utf8'), '# Support');
    assert.deepEqual(await readdir(join(home, 'agenticore/fetched-packages')), ['.home']);
    await assert.rejects(open({ AGENTICORE_AGENTIHUB_URL: hub.url, AGENTIHUB_AGENT: 'sales' }), {
      code: 'BROKEN_PACKAGE',
      message:
        'The package of sales cannot be used: the hub has no agent "sales"; it has odd, support, help (support).',
    });
  });

  it('comes from a repository of its own, which gives it its name', async (t) => {
    const { home, open } = await machine(t);
    const remote = createSampleRemote(home, 'desk', { 'system.md': 'Sit.' });
    remote.commit({ 'system.md': 'Stand.' }, { branch: 'next', from: 'main' });
    const store = await open({ PACKAGE_REPO_URL: remote.url, PACKAGE_REPO_BRANCH: 'next' });
    assert.equal(store.current().name, 'desk');
    assert.match(store.current().systemPrompt.text, /^Stand\./);
  });

  it('keeps the secrets that its runners see out of the log', async (t) => {
    const { home, open } = await machine(t);
    await writeFiles(join(home, 'mine'), {
      'profile.yml': 'env: [INDEX_TOKEN, REDIS_URL, PACKAGE_REPO_URL]\n',
      'runners/1-tell.sh': 'echo "$INDEX_TOKEN/$REDIS_URL/$ANTHROPIC_API_KEY/$PACKAGE_REPO_URL"',
    });
    const env = {
      AGENT_MODE_PACKAGE_DIR: join(home, 'mine'),
      INDEX_TOKEN: 'tok-of-the-index',
      REDIS_URL: 'redis://:of-redis@127.0.0.1:1',
      ANTHROPIC_API_KEY: 'sk-ant-of-the-model',
    };
    const facts: [string, { text?: string }][] = [];
    await open(env, facts);
    const said = facts.find(([fact]) => fact === 'package.runner_said')?.[1].text ?? '';
    assert.equal(said, 'tok-of-the-index///', 'only what it asked for and may have');
    const lines: string[] = [];
    const { config } = loadConfig({ env: { HOME: home, ...env } });
    const log = createLogger({
      level: 'info',
      pretty: false,
      redact: createRedactor(config.secrets),
      output: { write: (line: string) => lines.push(line) },
    });
    log('package.runner_said', { text: said });
    assert.doesNotMatch(lines.join(), /tok-of-the-index/);
  });
});

describe('agent list and agent validate', () => {
  it('show what there is, from a hub too, and leave nothing behind', async (t) => {
    const { home, run } = await machine(t);
    const hub = createSampleRemote(home, 'hub', HUB);
    const alone = await run(['agent', 'list']);
    assert.match(alone.out, /^assistant\tsonnet\t\S*profiles\/assistant\t/);
    assert.equal(alone.out.trim().split('\n').length, 1);
    const { code, out } = await run(['agent', 'list', '--json'], { AGENTICORE_AGENTIHUB_URL: hub.url });
    assert.equal(code, 0);
    const rows: { name: string; source: string; error?: string }[] = JSON.parse(out);
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['assistant', 'odd', 'support'],
    );
    assert.match(rows[1]?.error ?? '', /agents\/odd\/package\/profile\.yml:1: claud is not known/);
    assert.deepEqual([rows[2]?.source, rows[2]?.error], [hub.url, undefined]);
    const gone = await run(['agent', 'list'], { AGENTICORE_AGENTIHUB_URL: join(home, 'gone.git') });
    assert.match(gone.out, /^-\t\t\S*gone\.git\tBROKEN: There is no git repository at this address/m);
    await assert.rejects(access(join(home, 'agenticore')), { code: 'ENOENT' });
  });

  it('judge a folder', async (t) => {
    const { home, run } = await machine(t);
    await writeFiles(home, {
      'fine/agent.yml': 'name: desk\n',
      'bad/profile.yml': 'mpc: {}\n',
      'bad/runners/x': '',
    });
    const fine = await run(['agent', 'validate', join(home, 'fine')]);
    assert.deepEqual([fine.code, fine.err], [0, '']);
    assert.match(fine.out, /The package of desk can be used/);
    const bad = await run(['agent', 'validate', '--json', join(home, 'bad')]);
    assert.equal(bad.code, 1);
    assert.deepEqual(JSON.parse(bad.out), {
      valid: false,
      faults: [
        { path: `${home}/bad/profile.yml:1: mpc`, message: 'is not known; did you mean mcp?' },
        {
          path: `${home}/bad/runners/x`,
          message: 'must be named like 10-install.sh or 20-index.js: a number, then .sh or .js',
        },
      ],
    });
  });
});

describe('doctor in agent mode', () => {
  it('looks at the package too', async (t) => {
    const { home, run } = await machine(t);
    await writeFiles(home, { 'bad/profile.yml': 'mpc: {}\nclaude: { max_turns: x }\n' });
    const findings = async (env: Record<string, string>) => {
      const { out } = await run(['doctor', '--json'], { AGENTICORE_PORT: '0', ...env });
      const all: { name: string; level: string; fact: string }[] = JSON.parse(out).findings;
      return all.filter(({ name }) => name === 'package').map(({ level, fact }) => [level, fact]);
    };
    assert.deepEqual(await findings({}), []);
    assert.deepEqual(await findings({ AGENT_MODE: '1' }), [['ok', 'the agent assistant on sonnet']]);
    const broken = await findings({ AGENT_MODE: '1', AGENT_MODE_PACKAGE_DIR: join(home, 'bad') });
    assert.deepEqual(
      broken.map(([level]) => level),
      ['fail', 'fail'],
    );
    assert.deepEqual(await findings({ AGENT_MODE: '1', AGENTICORE_AGENTIHUB_URL: '/hub.git' }), [
      ['fail', 'agentihub.agent must name one of the agents of agentihub.url'],
    ]);
  });
});

import assert from 'node:assert/strict';
import { access, chmod, mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { contentsOf, writeFiles } from '../profile-kit.js';
import { never, openFiles } from './package-kit.js';

const WHOLE = {
  'agent.yml': 'name: desk\ndescription: Answers.\nmodels: [opus, claude-x]\nclaude: { effort: low }\n',
  'profile.yml':
    'claude:\n  model: haiku\n  max_turns: 5\n  disallowed_tools: [WebFetch]\n  timeout: 90\nenv: [CITY]\nmcp: { deny: [old] }\n',
  'system.md': 'You are the desk.\n',
  'CLAUDE.md': '# Rules\n',
  '.mcp.json': '{"mcpServers":{"search":{"command":"s"},"old":{"command":"o"},"files":{"command":"f"}}}',
  '.claude/settings.json': '{"env":{"A":"1"}}',
  '.claude/agents/tester.md': 'test',
  '.claude/commands/brief.md': 'be brief',
  '.claude/skills/weather/SKILL.md': 'look out',
  '.claude/hooks/log.sh': '#!/bin/sh\n',
  'data/table.csv': 'a,b\n',
};

describe('the package of an agent', () => {
  it('becomes what turns need to know, and a layout for Claude', async (t) => {
    const { store, agentsDir } = await openFiles(t, WHOLE);
    const { version, systemPrompt, ...agent } = store.current();
    const root = join(agentsDir, 'desk', version);
    assert.match(version, /^[0-9a-f]{16}$/);
    assert.deepEqual(agent, {
      name: 'desk',
      description: 'Answers.',
      model: 'haiku',
      models: ['haiku', 'opus', 'claude-x'],
      flags: {
        effort: 'low',
        'max-turns': 5,
        'permission-mode': 'bypassPermissions',
        disallowedTools: ['WebFetch'],
      },
      timeoutS: 90,
      env: ['CITY'],
      settingSources: 'user',
      cwd: join(root, 'work'),
      jobDir: root,
      commands: ['brief', 'weather'],
      mcpServers: ['search', 'files'],
    });
    assert.equal(systemPrompt.mode, 'append');
    assert.match(systemPrompt.text, /^You are the desk\.\n\n# Rules\n\n# What you have here\n/);

    const found = await contentsOf(root);
    const folders = Object.entries(found).filter(([path]) => path.endsWith('/'));
    assert.ok(folders.length >= 10 && folders.every(([, mode]) => mode === '700'), 'all are private');
    assert.deepEqual(JSON.parse(found['claude/settings.json'] ?? ''), { env: { A: '1' } });
    assert.equal(found['claude/agents/tester.md'], 'test');
    assert.equal(found['claude/skills/weather/SKILL.md'], 'look out');
    for (const [path, text] of Object.entries(WHOLE)) assert.equal(found[`work/${path}`], text);
    assert.ok('home/' in found && 'tmp/' in found);
    await assert.doesNotReject(access(join(root, 'claude/hooks/log.sh'), 1), 'still executable');
  });

  it('tells Claude what this instance has, neither more nor less', async (t) => {
    const { store } = await openFiles(t, WHOLE);
    const text = store.current().systemPrompt.text;
    assert.match(text, /the agent `desk`\. You run on the model `haiku`/);
    assert.match(text, /Claude Code's tools, without `WebFetch`; they run without being asked about/);
    assert.match(text, /MCP servers: `search`, `files`\./);
    assert.match(text, /slash commands: `\/brief`, `\/weather`\./);
    const { store: bare } = await openFiles(t, {
      'profile.yml': 'claude: { permission_mode: plan, tools: [Read] }\n',
    });
    const little = bare.current().systemPrompt.text;
    assert.match(little, /^# What you have here\n/);
    assert.match(little, /Your built-in tools: `Read`; what would have to be asked about is denied/);
    assert.match(little, /no MCP servers/);
  });

  it('is called after its folder, and runs as usual, where nothing says otherwise', async (t) => {
    const { store } = await openFiles(t, { 'CLAUDE.md': 'x' });
    const { name, model, models, timeoutS, flags } = store.current();
    assert.deepEqual([name, model, timeoutS], ['helper', 'sonnet', 3600]);
    assert.deepEqual(models, ['sonnet', 'opus', 'haiku']);
    assert.deepEqual(flags, { 'max-turns': 80, 'permission-mode': 'bypassPermissions' });
  });

  it('obeys the configuration before its own files, and has another version then', async (t) => {
    const settings = {
      model: 'opus',
      maxTurns: 3,
      permissionMode: 'plan',
      timeoutS: 7,
      appendSystemPrompt: false,
    };
    const { store } = await openFiles(t, WHOLE, { settings });
    const { model, flags, timeoutS, systemPrompt, version } = store.current();
    assert.deepEqual([model, timeoutS, systemPrompt.mode], ['opus', 7, 'replace']);
    assert.deepEqual([flags['max-turns'], flags['permission-mode'], flags.model], [3, 'plan', undefined]);
    const { store: plain } = await openFiles(t, WHOLE);
    assert.notEqual(plain.current().version, version);
  });

  it('has the same version everywhere, and another one with every change of a file', async (t) => {
    const versions = [];
    for (const files of [WHOLE, WHOLE, { ...WHOLE, 'data/table.csv': 'a,c\n' }, { ...WHOLE, 'more.txt': '' }])
      versions.push((await openFiles(t, files)).store.current().version);
    assert.equal(versions[0], versions[1]);
    assert.equal(new Set(versions).size, 3);
  });

  it('has one MCP configuration for each choice of servers; names it does not know are ignored', async (t) => {
    const { store } = await openFiles(t, WHOLE);
    const agent = store.current();
    const serversIn = async (disabled: readonly string[]): Promise<readonly string[]> => {
      const path = await store.mcpConfig(agent, disabled);
      return path === undefined ? [] : Object.keys(JSON.parse(await readFile(path, 'utf8')).mcpServers);
    };
    assert.deepEqual(await serversIn([]), ['search', 'files']);
    assert.deepEqual(await serversIn(['search', 'unheard-of']), ['files']);
    assert.equal(await store.mcpConfig(agent, ['search', 'files']), undefined);
    assert.equal(await store.mcpConfig(agent, ['search']), await store.mcpConfig(agent, ['other', 'search']));
    assert.notEqual(await store.mcpConfig(agent, []), await store.mcpConfig(agent, ['search']));
  });

  it('leaves git to git, and what lies in its layout already is not followed', async (t) => {
    const files = { ...WHOLE, '.git/config': '[core]', '.github/x.yml': '' };
    const { store, agentsDir } = await openFiles(t, files);
    const { cwd, jobDir } = store.current();
    assert.deepEqual(
      (await readdir(cwd)).filter((name) => name.startsWith('.git')),
      ['.github'],
    );
    const outside = join(agentsDir, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'table.csv'), 'mine');
    await rm(join(cwd, 'data'), { recursive: true });
    await symlink(outside, join(cwd, 'data'));
    await rm(join(jobDir, 'claude/settings.json'));
    await symlink(join(outside, 'table.csv'), join(jobDir, 'claude/settings.json'));
    await writeFile(join(cwd, 'notes.txt'), 'of a conversation');
    const again = await openFiles(t, files, { agentsDir });
    assert.equal(again.store.current().jobDir, jobDir);
    assert.equal(await readFile(join(outside, 'table.csv'), 'utf8'), 'mine');
    assert.equal(await readFile(join(cwd, 'data/table.csv'), 'utf8'), 'a,b\n');
    assert.equal(await readFile(join(cwd, 'notes.txt'), 'utf8'), 'of a conversation');
  });
});

describe('a newer version of a package', () => {
  it('is for new conversations, while turns go on with the old one', async (t) => {
    const { store, directory, facts } = await openFiles(t, WHOLE);
    const old = store.current();
    assert.equal(await store.sync(never()), false, 'nothing is new');
    await writeFiles(directory, { 'CLAUDE.md': '# New rules\n' });
    assert.equal(store.current(), old, 'not before it is asked for');
    assert.equal(await store.sync(never()), true);
    const now = store.current();
    assert.notEqual(now.version, old.version);
    assert.match(now.systemPrompt.text, /# New rules/);
    assert.equal(await readFile(join(old.cwd, 'CLAUDE.md'), 'utf8'), '# Rules\n');
    assert.ok((await store.mcpConfig(old, ['search']))?.startsWith(old.jobDir));
    assert.equal(facts.filter(([fact]) => fact === 'package.ready').length, 2);
  });

  it('that is broken is refused with the reason, once, and the old one stays', async (t) => {
    const { store, directory, facts } = await openFiles(t, WHOLE);
    const old = store.current();
    await writeFiles(directory, { 'profile.yml': 'claud: {}\n' });
    assert.equal(await store.sync(never()), false);
    assert.equal(await store.sync(never()), false);
    assert.equal(store.current(), old);
    const refusals = facts.filter(([fact]) => fact === 'package.update_refused');
    assert.equal(refusals.length, 1);
    assert.match(
      String(refusals[0]?.[1]?.reason),
      /profile\.yml:1: claud is not known; did you mean claude\?/,
    );
    await writeFiles(directory, { 'profile.yml': '' });
    assert.equal(await store.sync(never()), true);
  });

  it('lets the old folders go when nobody can use them any more', async (t) => {
    const { store, directory, agentsDir, time } = await openFiles(t, WHOLE);
    const old = store.current();
    await writeFiles(directory, { 'CLAUDE.md': '# New rules\n' });
    await store.sync(never());
    const versions = async (): Promise<readonly string[]> => (await readdir(join(agentsDir, 'desk'))).sort();
    const both = [old.version, store.current().version].sort();
    time.now += 90_000 + 60_000 - 1; // the longest turn, and what is kept after it
    await store.tend();
    assert.deepEqual(await versions(), both);
    time.now += 1;
    await store.tend();
    assert.deepEqual(await versions(), [store.current().version]);
    time.now += 10_000_000;
    await store.tend();
    assert.deepEqual(await versions(), [store.current().version], 'the current one stays for ever');
  });

  it('leaves folders alone that another process says it uses', async (t) => {
    const one = await openFiles(t, WHOLE);
    const other = await openFiles(t, { ...WHOLE, 'CLAUDE.md': '' }, { agentsDir: one.agentsDir });
    const passes = async (ms: number): Promise<void> => {
      one.time.now += ms;
      other.time.now += ms;
      await other.store.tend();
    };
    await passes(140_000);
    await one.store.tend();
    await passes(140_000);
    await access(one.store.current().cwd);
    await passes(20_000);
    await assert.rejects(access(one.store.current().cwd), { code: 'ENOENT' });
  });

  it('keeps the sessions that somebody may go on with, and forgets the others', async (t) => {
    const { store, time } = await openFiles(t, WHOLE);
    const { jobDir } = store.current();
    await writeFiles(jobDir, {
      'claude/projects/p/old.jsonl': '',
      'claude/projects/p/new.jsonl': '',
      'claude/session-env/old/x': '',
      'tmp/old': '',
      'work/old': '',
      'home/old': '',
    });
    time.now = Date.now();
    const oldest = (time.now - 90_000 - 60_000) / 1000;
    const outlived = [
      'claude/projects/p/old.jsonl',
      'claude/session-env/old/x',
      'tmp/old',
      'work/old',
      'home/old',
    ];
    for (const path of outlived) await utimes(join(jobDir, path), oldest - 1, oldest - 1);
    await utimes(join(jobDir, 'claude/settings.json'), 1, 1);
    await store.tend();
    const found = Object.keys(await contentsOf(jobDir));
    assert.deepEqual(found.filter((path) => /old|new|settings\.json/.test(path)).sort(), [
      'claude/projects/p/new.jsonl',
      'claude/session-env/old/',
      'claude/settings.json',
      'home/old',
      'work/.claude/settings.json',
      'work/old',
    ]);
    time.now += 1_000_000;
    await store.tend();
    assert.deepEqual(await readdir(join(jobDir, 'claude/session-env')), []);
  });

  it('can be laid out by several processes at once', async (t) => {
    const { store, agentsDir } = await openFiles(t, { 'CLAUDE.md': 'other' });
    const all = await Promise.all([1, 2, 3, 4].map(() => openFiles(t, WHOLE, { agentsDir })));
    assert.equal(new Set(all.map((one) => one.store.current().jobDir)).size, 1);
    const found = await contentsOf(all[0]?.store.current().jobDir ?? '');
    for (const [path, text] of Object.entries(WHOLE)) assert.equal(found[`work/${path}`], text);
    assert.notEqual(store.current().jobDir, all[0]?.store.current().jobDir);
  });

  it('comes back as it was when a change is taken back', async (t) => {
    const { store, directory, facts } = await openFiles(t, { ...WHOLE, 'runners/1.sh': 'echo up' });
    const old = store.current();
    await writeFiles(directory, { 'CLAUDE.md': '# New rules\n' });
    await store.sync(never());
    await writeFiles(directory, { 'CLAUDE.md': WHOLE['CLAUDE.md'] });
    assert.equal(await store.sync(never()), true);
    assert.equal(store.current(), old);
    const runs = facts.filter(([fact]) => fact === 'package.runner_started');
    assert.equal(runs.length, 2, 'once for each version');
  });

  it('that cannot be read is waited out', async (t) => {
    const { store, directory, facts } = await openFiles(t, WHOLE);
    await rm(directory, { recursive: true });
    assert.equal(await store.sync(never()), false);
    assert.ok(facts.some(([fact]) => fact === 'package.update_refused'));
    await writeFiles(directory, WHOLE);
    await chmod(directory, 0o700);
    assert.equal(await store.sync(never()), false, 'it is the same again');
  });
});

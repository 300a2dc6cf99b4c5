import assert from 'node:assert/strict';
import { lstat, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { tempDir } from '../../support/temp-dir.js';
import { contentsOf, modeOf, profilesOf, writeFiles } from './profile-kit.js';

const json = (value: unknown): string => JSON.stringify(value);

describe('materialising a profile', () => {
  it('lays .claude out, merges settings and servers, replaces other files, child over parent', async (t) => {
    const { store } = await profilesOf(t, {
      'base/profile.yml': 'mcp: { deny: [noisy] }',
      'base/system.md': 'Base system.\n',
      'base/CLAUDE.md': 'Base instructions.\n',
      'base/README.md': 'not for claude',
      'base/runners/01.sh': '#!/bin/sh\n',
      'base/.mcp.json': json({
        mcpServers: { one: { command: 'a', args: ['x'] }, two: { command: 'b' }, noisy: { command: 'n' } },
      }),
      'base/.claude/CLAUDE.md': 'memory',
      'base/.claude/agents/tester.md': 'base tester',
      'base/.claude/skills/deep/er/SKILL.md': 'skill',
      'base/.claude/settings.json': json({
        env: { A: '1', B: '1' },
        permissions: { allow: ['x', 'y'], deny: ['z'] },
        model: 'm',
      }),
      'child/profile.yml': 'extends: base',
      'child/CLAUDE.md': '\nChild instructions.\n\n',
      'child/.mcp.json': json({ mcpServers: { one: { command: 'mine' } } }),
      'child/.claude/agents/tester.md': 'child tester',
      'child/.claude/hooks/check.sh': '#!/bin/sh\nexit 0\n',
      'child/.claude/settings.json': json({ env: { B: '2' }, permissions: { allow: ['w'] } }),
    });
    const configDir = join(await tempDir(t), 'jobs', 'claude');
    const { instructions, mcpConfigPath } = await store.materialise('child', configDir);

    assert.equal(instructions, 'Base system.\n\nChild instructions.');
    assert.equal(mcpConfigPath, join(configDir, 'mcp.json'));
    const { 'settings.json': settings, 'mcp.json': mcp, ...files } = await contentsOf(configDir);
    assert.deepEqual(files, {
      'CLAUDE.md': 'memory',
      'agents/': '700',
      'agents/tester.md': 'child tester',
      'hooks/': '700',
      'hooks/check.sh': '#!/bin/sh\nexit 0\n',
      'skills/': '700',
      'skills/deep/': '700',
      'skills/deep/er/': '700',
      'skills/deep/er/SKILL.md': 'skill',
    });
    assert.deepEqual(JSON.parse(settings ?? ''), {
      env: { A: '1', B: '2' },
      permissions: { allow: ['w'], deny: ['z'] },
      model: 'm',
    });
    assert.deepEqual(JSON.parse(mcp ?? ''), {
      mcpServers: { one: { command: 'mine' }, two: { command: 'b' } },
    });
    const modes = await Promise.all(
      ['', 'settings.json', 'mcp.json', 'CLAUDE.md', 'hooks/check.sh'].map(async (name) =>
        modeOf((await stat(join(configDir, name))).mode),
      ),
    );
    // A hook that was executable stays so, for its owner alone.
    assert.deepEqual(modes, ['700', '600', '600', '600', '700']);
  });

  it("gives the servers that are allowed less those denied, a caller's file over the profile's", async (t) => {
    const servers = { a: { command: 'a' }, b: { command: 'b' }, c: { url: 'http://c' } };
    const { store } = await profilesOf(t, {
      'all/profile.yml': '',
      'all/.mcp.json': json({ mcpServers: servers }),
      'some/profile.yml': 'extends: all\nmcp: { allow: [a, b, extra], deny: [b] }',
      'none/profile.yml': 'extends: all\nmcp: { allow: [] }',
      'again/profile.yml': 'extends: none\nmcp: { allow: null }',
    });
    const dir = await tempDir(t);
    const extra = join(dir, 'extra.json');
    await writeFile(
      extra,
      json({
        mcpServers: {
          a: { command: 'other' },
          extra: { command: 'e' },
          z: { command: 'z' },
          ['__proto__']: { command: 'p' },
        },
      }),
    );
    const given = async (name: string, file?: string): Promise<unknown> => {
      const { mcpConfigPath } = await store.materialise(
        name,
        join(dir, `${name}${file === undefined ? '' : '-extra'}`),
        file === undefined ? {} : { extraMcpFile: file },
      );
      return mcpConfigPath === undefined
        ? undefined
        : JSON.parse(await readFile(mcpConfigPath, 'utf8')).mcpServers;
    };
    assert.deepEqual(await given('all'), servers);
    await writeFile(
      join(dir, '.mcp.json'),
      json({ mcpServers: { a: { command: 'its' }, extra: { command: 'its' } } }),
    );
    const trusting = await store.materialise('some', join(dir, 'trusting'), { trustedRepository: dir });
    assert.deepEqual(
      JSON.parse(await readFile(trusting.mcpConfigPath ?? '', 'utf8')).mcpServers,
      { extra: { command: 'its' }, a: { command: 'a' } },
      "a trusted repository's are added, the profile's own win",
    );
    assert.deepEqual(await given('some'), { a: { command: 'a' } });
    assert.deepEqual(await given('some', extra), { a: { command: 'other' }, extra: { command: 'e' } });
    assert.equal(await given('none'), undefined);
    assert.equal(await given('none', extra), undefined);
    assert.deepEqual(await given('again'), servers);
  });

  it('tells the caller what is wrong with his own file', async (t) => {
    const { store, dir } = await profilesOf(t, {
      'a/profile.yml': '',
      'torn.json': '{',
      'list.json': '{"mcpServers":[]}',
    });
    for (const [name, said] of [
      ['torn.json', /torn\.json.* is not valid JSON/],
      ['list.json', /mcpServers must be a map/],
      ['none.json', /cannot be read/],
    ] as const) {
      await assert.rejects(store.materialise('a', join(dir, 'out'), { extraMcpFile: join(dir, name) }), {
        code: 'INVALID_REQUEST',
        message: said,
      });
    }
  });

  it('leaves a session that is already there, and replaces what an attempt before has written', async (t) => {
    const { store } = await profilesOf(t, {
      'a/profile.yml': '',
      'a/.claude/settings.json': '{}',
      'a/.claude/agents/x.md': 'ours',
    });
    const configDir = await tempDir(t);
    await writeFiles(configDir, {
      'projects/p/session.jsonl': '{}',
      'settings.json': '{"hooks":1}',
      'agents/x.md/file': 'a folder',
    });
    await store.materialise('a', configDir);
    const files = await contentsOf(configDir);
    assert.equal(files['projects/p/session.jsonl'], '{}');
    assert.deepEqual(JSON.parse(files['settings.json'] ?? ''), {});
    assert.equal(files['agents/x.md'], 'ours');
  });

  it('never writes elsewhere, whatever links lie in its way', async (t) => {
    const { store } = await profilesOf(t, {
      'a/profile.yml': '',
      'a/.claude/settings.json': '{}',
      'a/.claude/agents/deep/x.md': 'ours',
      'a/.mcp.json': json({ mcpServers: { s: { command: 's' } } }),
    });
    const dir = await tempDir(t);
    const victim = join(dir, 'victim');
    await writeFiles(victim, {
      'settings.json': 'precious',
      'mcp.json': 'precious',
      'agents/deep/x.md': 'precious',
    });
    const before = await contentsOf(victim);

    const configDir = join(dir, 'config');
    await mkdir(configDir);
    await symlink(join(victim, 'settings.json'), join(configDir, 'settings.json'));
    await symlink(join(victim, 'mcp.json'), join(configDir, 'mcp.json'));
    await symlink(join(victim, 'agents'), join(configDir, 'agents'));
    await store.materialise('a', configDir);
    assert.deepEqual(await contentsOf(victim), before);

    const linked = join(dir, 'linked');
    await symlink(victim, linked);
    await store.materialise('a', linked);
    assert.deepEqual(await contentsOf(victim), before);
    assert.ok((await lstat(linked)).isDirectory());
    for (const place of [configDir, linked]) {
      assert.equal((await contentsOf(place))['agents/deep/x.md'], 'ours');
    }
  });

  it('leaves the profile as it was, and nothing half-written behind', async (t) => {
    const { store, dir } = await profilesOf(t, {
      'a/profile.yml': '',
      'a/.claude/agents/x.md': 'ours',
      'b/profile.yml': 'extends: a',
    });
    const before = await contentsOf(dir);
    const configDir = join(await tempDir(t), 'c');
    for (const _attempt of [1, 2]) await store.materialise('b', configDir);
    assert.deepEqual(await contentsOf(configDir), { 'agents/': '700', 'agents/x.md': 'ours' });
    assert.deepEqual(await contentsOf(dir), before);
  });
});

import assert from 'node:assert/strict';
import { chmod, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packagePath } from '../../../src/runtime/package-root.js';
import { tempDir } from '../../support/temp-dir.js';
import { profilesOf, writeFiles } from './profile-kit.js';

describe('the profile store', () => {
  it('merges a chain of three, child over parent over grandparent, null back to the default', async (t) => {
    const { store } = await profilesOf(t, {
      'a/profile.yml':
        'description: of a\nauto_pr: false\nclaude: { model: opus, effort: high, timeout: 10 }\nenv: [X]\nsetup: [npm ci]\nverify: [npm test]\nverify_attempts: 5\n',
      'b/profile.yml': 'extends: a\nclaude: { max_turns: 7, model: haiku }\nretry: { backoff_s: 1 }\n',
      'c/profile.yml': 'extends: b\nclaude: { model: null, effort: null }\nauto_pr: null\nverify: null\n',
    });
    const { guard: _guard, pullRequest: _pullRequest, ...profile } = await store.load('c');
    assert.deepEqual(profile, {
      name: 'c',
      description: 'of a',
      autoPr: true,
      claude: { model: 'sonnet', max_turns: 7, permission_mode: 'bypassPermissions', timeout: 10 },
      timeoutS: 10,
      maxAttempts: 3,
      backoffS: 1,
      mcp: {},
      trustRepository: false,
      env: ['X'],
      setup: ['npm ci'],
      verify: [],
      verifyAttempts: 5,
    });
    const listed = await store.list();
    assert.deepEqual(
      listed.map(({ name, extends: parent }) => [name, parent]),
      [
        ['a', undefined],
        ['b', 'a'],
        ['c', 'b'],
      ],
    );
    assert.deepEqual(listed[2]?.profile, await store.load('c'));
  });

  it('takes an empty profile.yml for one with all defaults', async (t) => {
    const { store } = await profilesOf(t, { 'empty/profile.yml': '# nothing yet\n' });
    assert.equal((await store.load('empty')).claude.model, 'sonnet');
  });

  it('lets later directories win, whole profiles at a time, broken ones too', async (t) => {
    const [first, second] = [await tempDir(t), await tempDir(t)];
    await writeFiles(first, { 'x/profile.yml': 'description: first', 'y/profile.yml': 'description: first' });
    await writeFiles(second, {
      'y/profile.yml': 'description: second',
      'z/profile.yml': 'nonsense: 1',
      'notes.txt': '',
    });
    const files = {
      'x/profile.yml': 'description: bundled',
      'x/CLAUDE.md': 'bundled',
      'z/profile.yml': '',
      'w/profile.yml': 'extends: y',
    };
    const { store, dir } = await profilesOf(t, files, [first, join(first, 'missing'), second]);
    const listed = await store.list();
    assert.deepEqual(
      listed.map(({ name, description, source, error }) => [name, description, source, error !== undefined]),
      [
        ['w', 'second', join(dir, 'w'), false],
        ['x', 'first', join(first, 'x'), false],
        ['y', 'second', join(second, 'y'), false],
        ['z', '', join(second, 'z'), true],
      ],
    );
    assert.equal((await store.materialise('x', join(await tempDir(t), 'c'))).instructions, '');
  });

  it('sees a mended profile at once', async (t) => {
    const { store, dir } = await profilesOf(t, { 'a/profile.yml': 'oops' });
    await assert.rejects(store.load('a'), { code: 'BROKEN_PROFILE' });
    await writeFiles(dir, { 'a/profile.yml': 'description: mended' });
    assert.equal((await store.load('a')).description, 'mended');
  });

  it('says which profiles there are when asked for one that is not', async (t) => {
    const { store } = await profilesOf(t, { 'a/profile.yml': '', 'b/profile.yml': '' });
    await assert.rejects(store.load('c'), {
      code: 'UNKNOWN_PROFILE',
      message: 'There is no profile "c"; known: a, b.',
    });
  });

  const hostile = [
    '',
    '.',
    '..',
    '../a',
    'a/../a',
    '/etc',
    'a/',
    'a\0',
    'A',
    '.a',
    '-a',
    'a b',
    'ä',
    '__proto__',
    '{{x}}',
    'constructor',
    `${'a'.repeat(5000)}`,
    'a\n',
    '%2e%2e',
  ];
  it('knows no profile of a hostile name, and repeats nothing dangerous of it', async (t) => {
    const { store, dir } = await profilesOf(t, { 'a/profile.yml': '' });
    for (const name of hostile) {
      for (const attempt of [() => store.load(name), () => store.materialise(name, join(dir, 'out'))]) {
        await assert.rejects(attempt, (error: Error & { code?: string }) => {
          assert.equal(error.code, 'UNKNOWN_PROFILE', name);
          assert.ok(error.message.length < 400 && !/[\0\n]/.test(error.message));
          return true;
        });
      }
    }
  });

  it('lists a folder whose name cannot be used, with the reason, and leaves hidden ones alone', async (t) => {
    const { store } = await profilesOf(t, { 'My Profile/profile.yml': '', '.git/profile.yml': '' });
    const listed = await store.list();
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['My Profile'],
    );
    assert.match(
      listed[0]?.error ?? '',
      /"My Profile" cannot be used: .*must be named with lower-case letters/,
    );
    await assert.rejects(store.load('My Profile'), { code: 'UNKNOWN_PROFILE' });
  });

  it('follows links inside of a profile, and a profile that is a link itself', async (t) => {
    const elsewhere = await tempDir(t);
    await writeFiles(elsewhere, {
      '..data/profile.yml': 'description: mounted',
      '..data/system.md': 'Mounted.',
    });
    await symlink('..data/profile.yml', join(elsewhere, 'profile.yml'));
    await symlink('..data/system.md', join(elsewhere, 'system.md'));
    const { store, dir } = await profilesOf(t, {});
    await symlink(elsewhere, join(dir, 'mounted'));
    assert.equal((await store.load('mounted')).description, 'mounted');
    assert.equal((await store.materialise('mounted', join(await tempDir(t), 'c'))).instructions, 'Mounted.');
  });

  it('goes on with the others when a directory cannot be read', async (t) => {
    const closed = await tempDir(t);
    await chmod(closed, 0o000);
    const notADirectory = join(await tempDir(t), 'file');
    await writeFiles(join(notADirectory, '..'), { file: '' });
    const { store, facts } = await profilesOf(t, { 'a/profile.yml': '' }, [closed, notADirectory]);
    assert.deepEqual(
      (await store.list()).map(({ name }) => name),
      ['a'],
    );
    assert.ok(facts.some(([fact]) => fact === 'profiles.unreadable'));
  });

  it('takes no agent package for a profile, whole or broken', async (t) => {
    const { store } = await profilesOf(t, {
      'a/profile.yml': '',
      'helper/profile.yml': '',
      'helper/agent.yml': 'name: helper\n',
      'odd/agent.yml': '[',
    });
    assert.deepEqual(
      (await store.list()).map(({ name }) => name),
      ['a'],
    );
    await assert.rejects(store.load('helper'), { code: 'UNKNOWN_PROFILE' });
  });

  it('finds the bundled profiles whole', async (t) => {
    const { store } = await profilesOf(t, {}, [packagePath('profiles')]);
    const listed = await store.list();
    assert.deepEqual(
      listed.map(({ name, error }) => [name, error]),
      [
        ['code', undefined],
        ['plan', undefined],
        ['review', undefined],
      ],
    );
    const [code, , review] = listed.map(({ profile }) => profile);
    assert.deepEqual([code?.autoPr, code?.claude.model, code?.claude.max_turns], [true, 'sonnet', 80]);
    assert.deepEqual([review?.autoPr, review?.claude.model, review?.claude.max_turns], [false, 'haiku', 20]);
    for (const name of ['code', 'review']) {
      const { instructions, mcpConfigPath } = await store.materialise(name, join(await tempDir(t), 'c'));
      assert.match(instructions, /^# How to work/);
      assert.equal(mcpConfigPath, undefined);
    }
  });
});

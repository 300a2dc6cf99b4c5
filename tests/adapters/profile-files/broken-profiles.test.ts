import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, symlink, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { AgenticoreError } from '../../../src/domain/errors.js';
import { type Files, profilesOf } from './profile-kit.js';

const BOMB = `a: &a [x]\n${Array.from({ length: 9 }, (_, n) => `b${n}: &b${n} [${`*${n === 0 ? 'a' : `b${n - 1}`}, `.repeat(9)}]`).join('\n')}\n`;

/** What is wrong, the files, and what is said about it; `<dir>` stands for the profile's folder. */
const CASES: readonly (readonly [string, Files, string | RegExp])[] = [
  [
    'a misspelt key',
    { 'profile.yml': 'auto_pr: true\n# a comment\nclaude: {}\npull_requests: {}\n' },
    '<dir>/profile.yml:4: pull_requests is not known; did you mean pull_request?',
  ],
  [
    'a wrong type',
    { 'profile.yml': 'claude:\n  max_turns: many\n' },
    '<dir>/profile.yml:2: claude.max_turns must be an integer of at least 1 or null, not "many"',
  ],
  [
    'a number out of range',
    { 'profile.yml': 'retry: { max_attempts: 0 }' },
    '<dir>/profile.yml:1: retry.max_attempts must be an integer from 1 to 100 or null, not 0',
  ],
  [
    'a mode that does not exist',
    { 'profile.yml': 'claude:\n\n  permission_mode: yolo\n' },
    '<dir>/profile.yml:3: claude.permission_mode must be one of acceptEdits, auto, bypassPermissions, default, dontAsk, plan, null, not "yolo"',
  ],
  [
    'a flag that is ours',
    { 'profile.yml': 'claude:\n  output_format: json\n' },
    '<dir>/profile.yml:2: claude.output_format is not allowed: it is no flag of the CLI, or one that Agenticore sets itself',
  ],
  [
    'one bad item of a list',
    { 'profile.yml': 'env:\n  - GOOD\n  - "NOT GOOD"\n' },
    '<dir>/profile.yml:3: env[1] must be a text (the name of an environment variable), not "NOT GOOD"',
  ],
  [
    'several faults at once',
    { 'profile.yml': 'auto_pr: 1\nenv: x\n' },
    '<dir>/profile.yml:1: auto_pr must be true or false or null, not 1; <dir>/profile.yml:2: env must be a list of items that are each a text (the name of an environment variable) or null, not "x"',
  ],
  [
    'no map at all',
    { 'profile.yml': '- a\n- b\n' },
    '<dir>/profile.yml must be a map of names to values, not a list',
  ],
  [
    'YAML that does not end',
    { 'profile.yml': 'claude:\n  model: "opus\n' },
    /^<dir>\/profile.yml:\d is not valid YAML: Missing closing "quote/,
  ],
  [
    'a key twice',
    { 'profile.yml': 'auto_pr: true\nauto_pr: false\n' },
    '<dir>/profile.yml:2 is not valid YAML: Map keys must be unique',
  ],
  ['tabs', { 'profile.yml': 'claude:\n\tmodel: x\n' }, /^<dir>\/profile.yml:\d is not valid YAML: /],
  [
    'aliases without end',
    { 'profile.yml': BOMB },
    /^<dir>\/profile.yml is not valid YAML: Excessive alias count/,
  ],
  ['no profile.yml', { 'CLAUDE.md': 'x' }, '<dir>/profile.yml is missing, or is a link out of the profile'],
  [
    'a wrong extension',
    { 'profile.yaml': '{}' },
    '<dir>/profile.yml is missing, or is a link out of the profile; rename profile.yaml',
  ],
  [
    'another name',
    { 'profile.yml': 'name: other' },
    '<dir>/profile.yml says that its name is "other", but its folder is called bad; rename one of them',
  ],
  [
    'a parent that does not exist',
    { 'profile.yml': 'extends: ghost' },
    '<dir>/profile.yml extends ghost, which does not exist; known: bad, good',
  ],
  [
    'a parent that leads elsewhere',
    { 'profile.yml': 'extends: ../good' },
    '<dir>/profile.yml:1: extends must be a text (the name of another profile) or null, not "../good"',
  ],
  ['itself as its parent', { 'profile.yml': 'extends: bad' }, '<dir>/profile.yml extends itself: bad -> bad'],
  [
    'torn .mcp.json',
    { 'profile.yml': '', '.mcp.json': '{\n  "mcpServers": {,}\n}' },
    /^<dir>\/\.mcp\.json:2 is not valid JSON: /,
  ],
  [
    'a server that is no map',
    { 'profile.yml': '', '.mcp.json': '{"mcpServers":{"a":"npx x"}}' },
    '<dir>/.mcp.json: mcpServers.a must be a map in braces',
  ],
  [
    'settings that are a list',
    { 'profile.yml': '', '.claude/settings.json': '[]' },
    '<dir>/.claude/settings.json must be a map in braces',
  ],
  [
    "claude's own files",
    { 'profile.yml': '', '.claude/projects/x': '', '.claude/.Credentials.json': '{}' },
    '<dir>/.claude/.Credentials.json must not be in a profile: it belongs to claude; <dir>/.claude/projects must not be in a profile: it belongs to claude',
  ],
];

describe('a broken profile', () => {
  for (const [what, files, said] of CASES) {
    it(`with ${what} says so, and takes nobody else down`, async (t) => {
      const placed = Object.fromEntries(Object.entries(files).map(([path, text]) => [`bad/${path}`, text]));
      const { store, dir } = await profilesOf(t, { ...placed, 'good/profile.yml': 'description: fine' });
      const message = await refusal(store.load('bad'));
      const fault = message
        .replaceAll(join(dir, 'bad'), '<dir>')
        .replace('Profile bad cannot be used: ', '')
        .replace(/\.$/, '');
      if (typeof said === 'string') assert.equal(fault, said, message);
      else assert.match(fault, said);
      const [bad, good] = await store.list();
      assert.deepEqual([bad?.name, bad?.error, bad?.profile], ['bad', message, undefined]);
      assert.deepEqual([good?.name, good?.error, good?.description], ['good', undefined, 'fine']);
      await assert.rejects(store.materialise('bad', join(dir, 'out')), { code: 'BROKEN_PROFILE' });
    });
  }

  it('that is a parent breaks its children too, and they name its file', async (t) => {
    const { store, dir } = await profilesOf(t, {
      'base/profile.yml': 'claude: 3',
      'child/profile.yml': 'extends: base',
    });
    const fault = `${dir}/base/profile.yml:1: claude must be a map of names to values or null, not 3`;
    assert.equal(await refusal(store.load('child')), `Profile child cannot be used: ${fault}.`);
  });

  it('in a circle names the whole of it', async (t) => {
    const { store, dir } = await profilesOf(t, {
      'a/profile.yml': 'extends: b',
      'b/profile.yml': 'extends: c',
      'c/profile.yml': 'extends: b',
    });
    assert.equal(
      await refusal(store.load('a')),
      `Profile a cannot be used: ${dir}/c/profile.yml extends itself: b -> c -> b.`,
    );
    assert.equal((await store.list()).filter(({ error }) => error?.includes('extends itself')).length, 3);
  });

  it('with a link out of its folder is not followed', async (t) => {
    const { store, dir } = await profilesOf(t, {
      'secret.txt': 'secret',
      'bad/profile.yml': '',
      'worse/CLAUDE.md': '',
    });
    await mkdir(join(dir, 'bad/.claude/skills'), { recursive: true });
    await symlink(join(dir, 'secret.txt'), join(dir, 'bad/CLAUDE.md'));
    await symlink('../../..', join(dir, 'bad/.claude/skills/up'));
    await symlink('nowhere', join(dir, 'bad/system.md'));
    await symlink('../skills', join(dir, 'bad/.claude/skills/loop'));
    await symlink(join(dir, 'secret.txt'), join(dir, 'worse/profile.yml'));
    const out = 'is a link out of the profile, or to nothing; copy the file instead';
    assert.equal(
      (await refusal(store.load('bad'))).replaceAll(`${dir}/bad/`, ''),
      `Profile bad cannot be used: CLAUDE.md ${out}; system.md ${out}; .claude/skills/loop is a link to a folder that it lies in; .claude/skills/up ${out}.`,
    );
    assert.match(
      await refusal(store.load('worse')),
      /profile.yml is missing, or is a link out of the profile/,
    );
  });

  it('with a pipe or a huge file in it does not hang or fill the memory', async (t) => {
    const { store, dir } = await profilesOf(t, {
      'bad/profile.yml': '',
      'bad/.claude/big': '',
      'huge/profile.yml': '',
    });
    assert.equal(spawnSync('mkfifo', [join(dir, 'bad/CLAUDE.md')]).status, 0);
    await truncate(join(dir, 'bad/.claude/big'), 11 * 1024 * 1024);
    await truncate(join(dir, 'huge/profile.yml'), 300 * 1024);
    assert.match(
      await refusal(store.load('bad')),
      /CLAUDE.md must be a plain file; .*big must be a file of at most 10 MiB/,
    );
    assert.match(await refusal(store.load('huge')), /at most 256 KiB/);
  });
});

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof AgenticoreError && error.code === 'BROKEN_PROFILE', String(error));
    assert.ok(error.details.length > 0);
    return error.message;
  }
  throw new assert.AssertionError({ message: 'the profile was accepted' });
}

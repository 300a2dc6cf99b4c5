import assert from 'node:assert/strict';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemClock } from '../../../../src/adapters/host/system-clock.js';
import { createDirectorySource } from '../../../../src/adapters/profile-files/agent-package/package-directory.js';
import { openPackageStore } from '../../../../src/adapters/profile-files/agent-package/package-store.js';
import { AgenticoreError } from '../../../../src/domain/errors.js';
import { tempDir } from '../../../support/temp-dir.js';
import { type Files, writeFiles } from '../profile-kit.js';
import { CHECKS, never } from './package-kit.js';

/** What is wrong, the files, and what is said about it; `<dir>` stands for the package's folder. */
const CASES: readonly (readonly [string, Files, string | RegExp])[] = [
  [
    'nothing that makes an agent',
    { 'README.md': 'hello' },
    '<dir> holds none of agent.yml, profile.yml, CLAUDE.md, system.md, .claude; is it the folder of a package?',
  ],
  [
    'a misspelt key of profile.yml',
    { 'profile.yml': 'claude: {}\nmpc: {}\n' },
    '<dir>/profile.yml:2: mpc is not known; did you mean mcp?',
  ],
  [
    'a misspelt key of agent.yml',
    { 'agent.yml': 'name: a\n\ndescripton: b\n' },
    '<dir>/agent.yml:3: descripton is not known; did you mean description?',
  ],
  [
    'a name that no model could have',
    { 'agent.yml': 'name: Support Desk\n' },
    '<dir>/agent.yml:1: name must be a text (lower-case letters, digits, dots, dashes and underscores, beginning with a letter or digit), not "Support Desk"',
  ],
  [
    'a setting of the wrong type, and another one',
    { 'profile.yml': 'claude:\n  max_turns: many\n  effort: huge\n' },
    '<dir>/profile.yml:2: claude.max_turns must be an integer of at least 1 or null, not "many"; <dir>/profile.yml:3: claude.effort must be one of low, medium, high, xhigh, max, null, not "huge"',
  ],
  [
    'a parent',
    { 'profile.yml': 'extends: code\n' },
    '<dir>/profile.yml: extends is not allowed: a package stands alone; copy what it needs of the profile into it',
  ],
  [
    'no model that could be told',
    { 'profile.yml': 'claude: { model: default }\n' },
    '<dir>/profile.yml: claude.model must name a model: callers are told which one answers',
  ],
  [
    'a system prompt in the wrong place',
    { 'profile.yml': 'claude: { system_prompt: Hello }\n' },
    '<dir>/profile.yml: claude.system_prompt is not allowed: write it into system.md',
  ],
  [
    'files under names that nobody reads',
    { 'claude.md': 'x', 'profile.yaml': '', 'mcp.json': '{}' },
    '<dir>/claude.md is not read under this name; did you mean CLAUDE.md?; <dir>/mcp.json is not read under this name; did you mean .mcp.json?; <dir>/profile.yaml is not read under this name; did you mean profile.yml?',
  ],
  [
    'torn settings',
    { 'CLAUDE.md': 'x', '.claude/settings.json': '{\n  "env": {,}\n}' },
    /^<dir>\/\.claude\/settings\.json:2 is not valid JSON: /,
  ],
  [
    'an MCP server that is no map',
    { 'CLAUDE.md': 'x', '.mcp.json': '{"mcpServers":{"search":"npx x"}}' },
    '<dir>/.mcp.json: mcpServers.search must be a map in braces',
  ],
  [
    'servers allowed and denied that it does not have',
    {
      'profile.yml': 'mcp: { allow: [serach], deny: [files] }\n',
      '.mcp.json': '{"mcpServers":{"search":{}}}',
    },
    '<dir>/profile.yml: mcp.allow names "serach", which .mcp.json does not have; it has search; <dir>/profile.yml: mcp.deny names "files", which .mcp.json does not have; it has search',
  ],
  [
    'runners that have no order, or nothing to run them',
    { 'CLAUDE.md': 'x', 'runners/install.sh': '', 'runners/10-index.py': '', 'runners/20-ok.sh': '' },
    '<dir>/runners/10-index.py must be named like 10-install.sh or 20-index.js: a number, then .sh or .js; <dir>/runners/install.sh must be named like 10-install.sh or 20-index.js: a number, then .sh or .js',
  ],
  [
    'a skill without its words',
    { 'CLAUDE.md': 'x', '.claude/skills/weather/forecast.py': '' },
    '<dir>/.claude/skills/weather has no SKILL.md, so that Claude does not see the skill',
  ],
  [
    "claude's own files",
    { 'CLAUDE.md': 'x', '.claude/.credentials.json': '{}', '.claude/projects/x': '' },
    '<dir>/.claude/.credentials.json must not be in a package: it belongs to claude; <dir>/.claude/projects must not be in a package: it belongs to claude',
  ],
  [
    'faults in several of its files at once',
    { 'profile.yml': 'mcp: 1\n', '.mcp.json': '[]', 'runners/x.sh': '' },
    '<dir>/profile.yml:1: mcp must be a map of names to values or null, not 1; <dir>/.mcp.json must be a map in braces; <dir>/runners/x.sh must be named like 10-install.sh or 20-index.js: a number, then .sh or .js',
  ],
];

describe('a broken package', () => {
  for (const [what, files, said] of CASES) {
    it(`with ${what} says so, and nothing of it is laid out`, async (t) => {
      const root = await tempDir(t);
      await writeFiles(join(root, 'bad'), files);
      const fault = await refusal(root);
      if (typeof said === 'string') assert.equal(fault, said);
      else assert.match(fault, said);
      assert.deepEqual(await readdir(root), ['bad']);
    });
  }

  it('that is not there says where it was looked for', async (t) => {
    assert.equal(await refusal(await tempDir(t)), '<dir> is no folder that can be read');
  });

  it('with links out of it is not followed', async (t) => {
    const root = await tempDir(t);
    await writeFiles(root, { 'secret.txt': 'secret', 'bad/CLAUDE.md': 'x', 'bad/data/kept.txt': '' });
    await symlink(join(root, 'secret.txt'), join(root, 'bad/data/leak.txt'));
    await symlink('..', join(root, 'bad/up'));
    await symlink(join(root, 'secret.txt'), join(root, 'bad/profile.yml'));
    await mkdir(join(root, 'bad/.claude'));
    const out = 'is a link out of the package, or to nothing; copy the file instead';
    assert.equal(
      await refusal(root),
      `<dir>/data/leak.txt ${out}; <dir>/profile.yml ${out}; <dir>/up ${out}`,
    );
    assert.deepEqual((await readdir(root)).sort(), ['bad', 'secret.txt']);
  });
});

/** What is said about the package in `bad`, with `<dir>` in place of its folder; every fault has its place. */
async function refusal(root: string): Promise<string> {
  const directory = join(root, 'bad');
  try {
    await openPackageStore(
      {
        source: createDirectorySource(directory),
        agentsDir: join(root, 'agents'),
        settings: { appendSystemPrompt: true },
        checks: CHECKS,
        runnerEnvironment: () => ({}),
        keepMs: 0,
        clock: systemClock,
        log: () => {},
      },
      never(),
    );
  } catch (error) {
    assert.ok(error instanceof AgenticoreError && error.code === 'BROKEN_PACKAGE', String(error));
    assert.ok(error.details.length > 0);
    return error.message
      .replaceAll(directory, '<dir>')
      .replace('The package <dir> cannot be used: ', '')
      .replace(/\.$/, '');
  }
  throw new assert.AssertionError({ message: 'the package was accepted' });
}
